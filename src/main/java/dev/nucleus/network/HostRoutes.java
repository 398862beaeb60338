package dev.nucleus.network;

import dev.nucleus.spec.Cidr;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** The host's IPv4 routes, which the subnets of networks must not overlap (proc_pid_net(5)). */
final class HostRoutes {

    private static final int INTERFACE = 0;
    private static final int DESTINATION = 1;
    private static final int MASK = 7;

    /** In place of the interface of a route that refuses. */
    static final String UNREACHABLE = "*";

    private HostRoutes() {}

    /** A destination that is routed through an interface. */
    record Route(Cidr destination, String link) {}

    /**
     * All but default routes, those of interfaces with the prefix, and those that make a subnet of ours unreachable. A
     * subnet that is unreachable otherwise may be another manager's.
     */
    static List<Route> others(String prefix, Collection<Cidr> ours) throws IOException {
        return parse(Files.readAllLines(Path.of("/proc/net/route")), prefix, ours);
    }

    static List<Route> parse(List<String> lines, String prefix, Collection<Cidr> ours) {
        return lines.stream()
                .skip(1)
                .map(line -> line.split("\\s+"))
                .filter(fields -> fields.length > MASK && !fields[INTERFACE].startsWith(prefix))
                .map(fields -> new Route(new Cidr(address(fields[DESTINATION]), bits(fields[MASK])), fields[INTERFACE]))
                .filter(route -> route.destination().prefix() > 0)
                .filter(route -> !route.link().equals(UNREACHABLE) || !ours.contains(route.destination()))
                .toList();
    }

    private static byte[] reversed(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        return new byte[] {bytes[3], bytes[2], bytes[1], bytes[0]};
    }

    private static InetAddress address(String hex) {
        try {
            return InetAddress.getByAddress(reversed(hex));
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(hex, e);
        }
    }

    private static int bits(String hex) {
        int count = 0;
        for (byte part : reversed(hex)) {
            count += Integer.bitCount(part & 0xff);
        }
        return count;
    }

    /** The route that a block overlaps. */
    static Optional<Route> overlapping(Cidr block, List<Route> routes) {
        return routes.stream()
                .filter(route -> route.destination().overlaps(block))
                .findFirst();
    }
}
