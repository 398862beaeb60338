package dev.nucleus.network;

import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.PortRange;
import dev.nucleus.spec.Protocol;
import java.util.List;
import java.util.Optional;

/**
 * One rule of a container's policy: destinations of one family that are allowed or denied.
 *
 * @param destinations apart from each other, ascending
 */
record PolicyRule(
        boolean allows, boolean ipv4, Optional<Protocol> protocol, Optional<PortRange> ports, List<Cidr> destinations) {

    PolicyRule {
        destinations = List.copyOf(destinations);
    }

    @Override
    public String toString() {
        String what = destinations.size() > 3
                ? destinations.getFirst() + " and " + (destinations.size() - 1) + " more"
                : String.join(", ", destinations.stream().map(Cidr::toString).toList());
        return (allows ? "allow " : "deny ")
                + what
                + ports.map(range -> " port " + range + "/" + protocol.orElseThrow())
                        .orElse("");
    }
}
