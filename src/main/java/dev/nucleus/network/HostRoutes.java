package dev.nucleus.network;

import dev.nucleus.spec.Cidr;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** The host's IPv4 routes, which the subnets of networks must not overlap (proc_pid_net(5)). */
final class HostRoutes {

    private static final int INTERFACE = 0;
    private static final int DESTINATION = 1;
    private static final int MASK = 7;

    private HostRoutes() {}

    /** A block that another interface leads to. */
    record Route(Cidr destination, String link) {}

    /** All but default routes, and those of interfaces with the prefix. */
    static List<Route> others(String prefix) throws IOException {
        return parse(Files.readAllLines(Path.of("/proc/net/route")), prefix);
    }

    static List<Route> parse(List<String> lines, String prefix) {
        return lines.stream()
                .skip(1)
                .map(line -> line.split("\\s+"))
                .filter(fields -> fields.length > MASK && !fields[INTERFACE].startsWith(prefix))
                // A route that refuses has no interface: ours, or one that nothing could be sent to anyway.
                .filter(fields -> !fields[INTERFACE].equals("*"))
                .map(fields -> new Route(new Cidr(address(fields[DESTINATION]), bits(fields[MASK])), fields[INTERFACE]))
                .filter(route -> route.destination().prefix() > 0)
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
