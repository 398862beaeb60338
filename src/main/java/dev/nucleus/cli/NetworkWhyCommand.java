package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.network.Decision;
import dev.nucleus.network.NetworkMember;
import dev.nucleus.network.NetworkQueries;
import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.PortRange;
import dev.nucleus.spec.Protocol;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;

/** {@code nucleus network why}. */
@CommandLine.Command(
        name = "why",
        description =
                "Explain whether a container may connect to a destination, by which rule, and what would allow it.")
final class NetworkWhyCommand implements Callable<Integer> {

    private final Containers containers;
    private final Fleets fleets;
    private final NetworkQueries networks;
    private final Session session;

    @CommandLine.Parameters(index = "0", paramLabel = "CONTAINER", description = "container name or ID prefix")
    private String reference = "";

    @CommandLine.Parameters(
            index = "1",
            paramLabel = "HOST:PORT[/PROTOCOL]",
            description = "an address, or a name of its networks or of the host's resolvers")
    private String destination = "";

    NetworkWhyCommand(Containers containers, Fleets fleets, NetworkQueries networks, Session session) {
        this.containers = containers;
        this.fleets = fleets;
        this.networks = networks;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        Container container = Target.running(containers, fleets, reference);
        int slash = destination.lastIndexOf('/');
        Protocol protocol = slash < 0 ? Protocol.TCP : Protocol.parse(destination.substring(slash + 1));
        String place = slash < 0 ? destination : destination.substring(0, slash);
        int colon = place.lastIndexOf(':');
        if (colon < 1 || place.indexOf(':') != colon && !place.startsWith("[")) {
            throw new InvalidSpecException(
                    "'" + destination + "' is not a destination; write, for example, db:5432, or [fd00::1]:443/tcp");
        }
        int port = PortRange.parse(place.substring(colon + 1)).first();
        for (InetAddress address :
                addresses(container, place.substring(0, colon).replaceAll("[\\[\\]]", ""))) {
            Decision decision = networks.why(container.id(), address, port, protocol);
            session.print((decision.allowed() ? "allowed" : "denied") + "  " + Cidr.text(address) + " port " + port
                    + "/" + protocol + ": " + decision.rule());
            if (decision.remedy().isPresent()) {
                session.print("         to allow it: " + decision.remedy().get());
            }
        }
        return 0;
    }

    /** Names of other containers first. */
    private List<InetAddress> addresses(Container container, String host) {
        List<InetAddress> ours = networks.views().stream()
                .filter(network -> network.endpoints().stream()
                        .anyMatch(each -> each.member().id().equals(container.id())))
                .flatMap(network -> network.endpoints().stream())
                .filter(each -> each.names().contains(host)
                        || each.member().name().equals(host)
                        || host.equals(each.member()
                                .service()
                                .map(NetworkMember.ServiceName::toString)
                                .orElse("")))
                .flatMap(each -> each.addresses().all())
                .toList();
        if (!ours.isEmpty()) {
            return ours;
        }
        try {
            return Stream.of(InetAddress.getAllByName(host)).toList();
        } catch (UnknownHostException e) {
            throw new InvalidSpecException(
                    "'" + host + "' is neither a container on its networks nor a name that this host resolves");
        }
    }
}
