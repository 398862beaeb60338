package dev.nucleus.spec;

import java.util.Optional;

/**
 * Destinations that a container may, or may not, connect to.
 *
 * @param protocol empty: any, also those without ports
 * @param ports empty: all
 */
public record EgressRule(Cidr destination, Optional<Protocol> protocol, Optional<PortRange> ports) {

    public EgressRule {
        if (ports.isPresent() && protocol.isEmpty()) {
            throw new InvalidSpecException("a port needs a protocol, such as 443/tcp");
        }
    }

    /** Parses {@code 10.0.0.0/8}, {@code 10.0.0.0/8:5432/tcp}, {@code 10.1.2.3:8000-8010/udp} or {@code [fd00::/8]:443/tcp}. */
    public static EgressRule parse(String text) {
        String block = text;
        String rest = "";
        if (text.startsWith("[")) {
            int end = text.indexOf(']');
            if (end < 0 || (end + 1 < text.length() && text.charAt(end + 1) != ':')) {
                throw new InvalidSpecException(
                        "'" + text + "' is not a destination; write, for example, [fd00::/8]:443/tcp");
            }
            block = text.substring(1, end);
            rest = end + 1 < text.length() ? text.substring(end + 2) : "";
        } else if (text.indexOf(':') == text.lastIndexOf(':') && text.indexOf(':') >= 0) {
            block = text.substring(0, text.indexOf(':'));
            rest = text.substring(text.indexOf(':') + 1);
        }
        Cidr destination = parseBlock(block, text);
        if (rest.isEmpty()) {
            return new EgressRule(destination, Optional.empty(), Optional.empty());
        }
        int slash = rest.indexOf('/');
        if (slash < 0) {
            return new EgressRule(destination, Optional.of(Protocol.TCP), Optional.of(PortRange.parse(rest)));
        }
        return new EgressRule(
                destination,
                Optional.of(Protocol.parse(rest.substring(slash + 1))),
                Optional.of(PortRange.parse(rest.substring(0, slash))));
    }

    private static Cidr parseBlock(String block, String text) {
        if (!block.isEmpty() && block.matches("[a-zA-Z][a-zA-Z0-9.*-]*") && !block.matches("[0-9a-fA-F:.]+")) {
            throw new InvalidSpecException(
                    "'" + text
                            + "' names a host; rules for names are not supported yet: write its address, such as 203.0.113.7:443/tcp");
        }
        return Cidr.parse(block);
    }

    /** Whether it applies to everything that the other one applies to. */
    public boolean covers(EgressRule other) {
        return destination.contains(other.destination.address())
                && destination.prefix() <= other.destination.prefix()
                && (protocol.isEmpty() || protocol.equals(other.protocol))
                && ports.map(range -> other.ports
                                .filter(its -> range.first() <= its.first() && its.last() <= range.last())
                                .isPresent())
                        .orElse(true);
    }

    /** Whether it names one address, and one port of it. */
    public boolean exact() {
        return destination.prefix() == destination.address().getAddress().length * 8
                && ports.filter(range -> range.size() == 1).isPresent();
    }

    @Override
    public String toString() {
        String block = destination.toString();
        return ports.map(range ->
                        (destination.ipv4() ? block : "[" + block + "]") + ":" + range + "/" + protocol.orElseThrow())
                .orElse(block);
    }
}
