package dev.nucleus.network;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.LaunchPlan.Addresses.Address;
import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.NetworkSpec;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A network of this manager.
 *
 * @param name {@code fleet/network}, or {@code bridge}
 * @param link the host's interface that has the gateways' addresses
 */
record ActiveNetwork(
        String name, String link, NetworkSpec spec, Cidr subnet, Optional<Cidr> subnet6, AddressLeases leases) {

    private static final int IPV6_BITS = 64;

    /** Its blocks, one for each family. */
    Stream<Cidr> subnets() {
        return Stream.concat(Stream.of(subnet), subnet6.stream());
    }

    LaunchPlan.Addresses gateways() {
        return at(1);
    }

    /** The addresses with that offset, of both families. */
    LaunchPlan.Addresses at(long offset) {
        return new LaunchPlan.Addresses(
                Optional.of(new Address(subnet.at(offset), subnet.prefix())),
                subnet6.map(block -> new Address(block.at(offset), IPV6_BITS)));
    }

    NetworkChange bridge(boolean adds) {
        return new NetworkChange.Bridge(adds, link, name, gateways());
    }
}
