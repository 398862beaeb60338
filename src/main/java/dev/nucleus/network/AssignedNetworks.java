package dev.nucleus.network;

import dev.nucleus.preparation.LaunchRequest;
import java.util.Optional;

/** What a launch needs to know of networks, and what the container's record keeps; empty: it is on none. */
public record AssignedNetworks(LaunchRequest.NetworkAccess access, Optional<NetworkRecord> record) {

    static final AssignedNetworks NONE = new AssignedNetworks(LaunchRequest.NetworkAccess.NONE, Optional.empty());
}
