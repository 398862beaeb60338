package dev.nucleus.cli;

import dev.nucleus.network.NetworkEndpoint;
import dev.nucleus.network.NetworkQueries;
import dev.nucleus.network.NetworkView;
import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.InvalidSpecException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** {@code nucleus network inspect}. */
@CommandLine.Command(name = "inspect", description = "Print a network and the containers on it as JSON.")
final class NetworkInspectCommand implements Callable<Integer> {

    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private final NetworkQueries networks;
    private final Session session;

    @CommandLine.Parameters(paramLabel = "NETWORK", description = "such as shop/inside")
    private String name = "";

    NetworkInspectCommand(NetworkQueries networks, Session session) {
        this.networks = networks;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        List<NetworkView> views = networks.views();
        NetworkView found = views.stream()
                .filter(network -> network.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new InvalidSpecException("there is no network '" + name + "'"
                        + (views.isEmpty()
                                ? ""
                                : "; there are "
                                        + views.stream().map(NetworkView::name).collect(Collectors.joining(", ")))));
        session.print(JSON.writeValueAsString(describe(found)));
        return 0;
    }

    private static Map<String, Object> describe(NetworkView network) {
        var fields = new LinkedHashMap<String, Object>();
        fields.put("name", network.name());
        fields.put("interface", network.link());
        fields.put("subnet", network.subnet().toString());
        network.subnet6().ifPresent(subnet -> fields.put("subnet6", subnet.toString()));
        fields.put("gateway", Cidr.text(network.gateways().getFirst()));
        fields.put("internal", network.spec().internal());
        fields.put("isolated", network.spec().isolated());
        fields.put("mtu", network.spec().mtu());
        fields.put(
                "containers",
                network.endpoints().stream()
                        .map(NetworkInspectCommand::describe)
                        .toList());
        return fields;
    }

    private static Map<String, Object> describe(NetworkEndpoint endpoint) {
        var fields = new LinkedHashMap<String, Object>();
        fields.put("id", endpoint.member().id());
        fields.put("name", endpoint.member().name());
        fields.put("addresses", endpoint.addresses().all().map(Cidr::text).toList());
        fields.put("aliases", endpoint.aliases());
        fields.put("serving", endpoint.serving());
        return fields;
    }
}
