package dev.nucleus.spec;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/**
 * A container's place on a network.
 *
 * @param network name of a network of its fleet, {@code fleet/network}, or {@link #BRIDGE}
 * @param aliases more names by which others on the network find it
 * @param address empty: any that is free
 */
public record NetworkAttachment(String network, List<String> aliases, Optional<InetAddress> address) {

    /** The network of containers that were run by hand. */
    public static final String BRIDGE = "bridge";

    /** The network of a fleet that publishes ports and declares no network. */
    public static final String DEFAULT = "default";

    public NetworkAttachment {
        aliases = List.copyOf(aliases);
    }

    public static NetworkAttachment to(String network) {
        return new NetworkAttachment(network, List.of(), Optional.empty());
    }
}
