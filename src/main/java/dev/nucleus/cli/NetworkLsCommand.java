package dev.nucleus.cli;

import dev.nucleus.network.NetworkQueries;
import dev.nucleus.network.NetworkView;
import dev.nucleus.network.PortPublication;
import dev.nucleus.spec.Cidr;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;

/** {@code nucleus network ls}. */
@CommandLine.Command(name = "ls", description = "List networks and published ports.")
final class NetworkLsCommand implements Callable<Integer> {

    private final NetworkQueries networks;
    private final Session session;

    NetworkLsCommand(NetworkQueries networks, Session session) {
        this.networks = networks;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        var rows = new ArrayList<List<String>>();
        rows.add(List.of("NETWORK", "SUBNET", "IPV6", "INTERFACE", "CONTAINERS", "OPTIONS"));
        for (NetworkView network : networks.views()) {
            rows.add(List.of(
                    network.name(),
                    network.subnet().toString(),
                    network.subnet6().map(Cidr::toString).orElse("-"),
                    network.link(),
                    Integer.toString(network.endpoints().size()),
                    options(network)));
        }
        print(rows);
        List<PortPublication> publications = networks.publications();
        if (!publications.isEmpty()) {
            var ports = new ArrayList<List<String>>();
            ports.add(List.of("PORT", "PUBLISHED BY", "BACKENDS"));
            for (PortPublication each : publications) {
                ports.add(List.of(
                        each.port().hostSide() + "/" + each.port().protocol(),
                        each.owner(),
                        each.backends().isEmpty()
                                ? "none"
                                : each.backends().stream()
                                        .map(address -> Cidr.text(address) + ":"
                                                + each.port().containerPort())
                                        .collect(Collectors.joining(", "))));
            }
            session.print("");
            print(ports);
        }
        return 0;
    }

    private static String options(NetworkView network) {
        var options = new ArrayList<String>();
        if (network.spec().internal()) {
            options.add("internal");
        }
        if (network.spec().isolated()) {
            options.add("isolated");
        }
        return options.isEmpty() ? "-" : String.join(", ", options);
    }

    private void print(List<List<String>> rows) throws IOException {
        for (String line : Table.format(rows)) {
            session.print(line);
        }
    }
}
