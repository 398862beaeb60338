package dev.nucleus.fleet;

import dev.nucleus.health.Cause;
import dev.nucleus.health.ReplicaStatus;

/**
 * A status, and why.
 *
 * @param serving whether the replica takes work
 */
record Standing(ReplicaStatus status, Cause cause, boolean serving) {

    static Standing of(ReplicaStatus status, Cause cause) {
        return new Standing(status, cause, status.serves());
    }
}
