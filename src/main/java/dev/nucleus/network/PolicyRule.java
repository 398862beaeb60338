package dev.nucleus.network;

import dev.nucleus.plan.WireWriter;
import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.PortRange;
import dev.nucleus.spec.Protocol;
import java.nio.ByteBuffer;
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

    /** For native/src/net/policies.h. */
    void write(WireWriter wire) {
        int length = ipv4 ? 4 : 16;
        ByteBuffer ranges = ByteBuffer.allocate(2 * length * destinations.size());
        for (Cidr block : destinations) {
            ranges.put(block.address().getAddress()).put(block.last().getAddress());
        }
        wire.bool(allows)
                .u8(length)
                .u8(protocol.map(Protocol::number).orElse(0))
                .u16(ports.map(PortRange::first).orElse(0))
                .u16(ports.map(PortRange::last).orElse(0))
                .bytes(ranges.array());
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
