package dev.nucleus.fleet;

import java.time.Instant;

/**
 * A change of a replica's status with its cause. From crash loop to crash loop: it ended again, or its readiness
 * changed.
 *
 * @param serving whether it serves after the change
 */
public record Transition(
        Instant at, ReplicaStatus from, ReplicaStatus to, boolean serving, Cause.Kind kind, String cause) {

    /** Whether its readiness probe changed while it was in a crash loop. */
    public boolean isReadinessInCrashLoop() {
        return from == ReplicaStatus.CRASH_LOOP && to == ReplicaStatus.CRASH_LOOP && kind == Cause.Kind.PROBE;
    }
}
