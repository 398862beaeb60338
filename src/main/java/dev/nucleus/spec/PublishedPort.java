package dev.nucleus.spec;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A port of the host that is forwarded to a port of a service's containers.
 *
 * @param address of the host; 0.0.0.0 or ::, all of them
 * @param hostPort 0: any that is free
 */
public record PublishedPort(InetAddress address, int hostPort, int containerPort, Protocol protocol) {

    /** Where ports are published unless an address is written: for the host alone (moby#22054). */
    public static final InetAddress LOOPBACK = Cidr.address("127.0.0.1");

    private static final String EXAMPLES =
            "write, for example, \"8080:80\", \"0.0.0.0:8080:80\", \"8000-8005:9000-9005/udp\" or \"0:80\"";

    /** Whether every address of the host leads there. */
    public boolean everywhere() {
        return address.isAnyLocalAddress();
    }

    /**
     * Parses Compose's short form, {@code [ADDRESS:][HOST:]CONTAINER[/PROTOCOL]}, in which ports may be ranges.
     *
     * @return one port, or as many as the range has
     */
    public static List<PublishedPort> parse(String text) {
        int slash = text.lastIndexOf('/');
        Protocol protocol = slash < 0 ? Protocol.TCP : Protocol.parse(text.substring(slash + 1));
        String rest = slash < 0 ? text : text.substring(0, slash);
        InetAddress address = LOOPBACK;
        if (rest.startsWith("[")) {
            int end = rest.indexOf("]:");
            if (end < 0) {
                throw new InvalidSpecException("'" + text + "' is not a published port; " + EXAMPLES);
            }
            address = Cidr.address(rest.substring(1, end));
            rest = rest.substring(end + 2);
        } else if (rest.indexOf(':') != rest.lastIndexOf(':')) {
            int end = rest.indexOf(':');
            address = Cidr.address(rest.substring(0, end));
            rest = rest.substring(end + 1);
        }
        int colon = rest.indexOf(':');
        String host = colon < 0 ? "0" : rest.substring(0, colon);
        return expand(
                address,
                host.isEmpty() || host.equals("0") ? Optional.empty() : Optional.of(PortRange.parse(host)),
                PortRange.parse(rest.substring(colon + 1)),
                protocol);
    }

    /**
     * One published port for each port of the containers.
     *
     * @param host empty: any that are free
     */
    public static List<PublishedPort> expand(
            InetAddress address, Optional<PortRange> host, PortRange container, Protocol protocol) {
        host.filter(range -> range.size() != container.size()).ifPresent(range -> {
            throw new InvalidSpecException("the ranges " + range + " and " + container + " differ in length");
        });
        var ports = new ArrayList<PublishedPort>();
        for (int i = 0; i < container.size(); i++) {
            int number = i;
            ports.add(new PublishedPort(
                    address, host.map(range -> range.first() + number).orElse(0), container.first() + i, protocol));
        }
        return ports;
    }

    /** The same with the port of the host that was chosen for it. */
    public PublishedPort at(int port) {
        return new PublishedPort(address, port, containerPort, protocol);
    }

    /** The address and port of the host. */
    public String hostSide() {
        String host = Cidr.text(address);
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + hostPort;
    }

    @Override
    public String toString() {
        return hostSide() + ":" + containerPort + "/" + protocol;
    }
}
