package dev.nucleus.network;

import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.NetworkSpec;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A network with the containers on it.
 *
 * @param link the host's interface that has the gateways' addresses
 */
public record NetworkView(
        String name,
        String link,
        NetworkSpec spec,
        Cidr subnet,
        Optional<Cidr> subnet6,
        List<NetworkEndpoint> endpoints) {

    public NetworkView {
        endpoints = List.copyOf(endpoints);
    }

    /** The addresses of the host on it, IPv4 first. */
    public List<InetAddress> gateways() {
        return Stream.concat(Stream.of(subnet), subnet6.stream())
                .map(block -> block.at(1))
                .toList();
    }
}
