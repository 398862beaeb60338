package dev.nucleus.fleet;

/**
 * A status and its cause.
 *
 * @param serving whether the replica takes work
 */
record StatusWithCause(ReplicaStatus status, Cause cause, boolean serving) {

    static StatusWithCause of(ReplicaStatus status, Cause cause) {
        return new StatusWithCause(status, cause, status.serves());
    }
}
