package dev.nucleus.network;

import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.NetworkSpec;
import java.util.List;
import java.util.Optional;

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
}
