package dev.nucleus.network;

import dev.nucleus.preparation.LaunchRequest;
import java.util.Optional;

/** The network part of a launch, and of the container's record; empty if it is on no network. */
public record AssignedNetworks(LaunchRequest.NetworkAccess access, Optional<NetworkRecord> record) {

    static final AssignedNetworks NONE = new AssignedNetworks(LaunchRequest.NetworkAccess.NONE, Optional.empty());
}
