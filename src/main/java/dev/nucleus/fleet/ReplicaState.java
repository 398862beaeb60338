package dev.nucleus.fleet;

import java.util.OptionalLong;

/**
 * The state of a replica's supervision between two events. Immutable.
 *
 * @param totalRestarts restarts since the replica was first launched, including those under earlier managers
 */
record ReplicaState(ReplicaPhase phase, RestartTracker restarts, int totalRestarts) {

    boolean hasEnded() {
        return phase instanceof ReplicaPhase.Idle;
    }

    /** Nanoseconds until {@link ReplicaEvent.TimerElapsed} is due; empty: no timer runs. */
    OptionalLong untilTimer(long now) {
        return switch (phase) {
            case ReplicaPhase.BackingOff(long until) -> OptionalLong.of(Math.max(0, until - now));
            case ReplicaPhase.Watching _ -> restarts.untilReset(now);
            case ReplicaPhase.Waiting _, ReplicaPhase.Launching _, ReplicaPhase.Stopping _, ReplicaPhase.Idle _ ->
                OptionalLong.empty();
        };
    }

    ReplicaState with(ReplicaPhase next) {
        return new ReplicaState(next, restarts, totalRestarts);
    }

    ReplicaState with(RestartTracker next) {
        return new ReplicaState(phase, next, totalRestarts);
    }
}
