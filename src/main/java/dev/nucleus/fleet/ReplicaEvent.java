package dev.nucleus.fleet;

import dev.nucleus.probe.ProbeResult;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Something that happened to a replica under supervision. */
sealed interface ReplicaEvent {

    /**
     * Supervision begins.
     *
     * @param found a container of the replica that exists already
     */
    record Supervised(Optional<Found> found) implements ReplicaEvent {}

    /**
     * A container that an earlier supervision left.
     *
     * @param container its ID
     * @param isResponsive whether it has ended, or runs and its shim answers
     * @param isMarkedStopped whether an operator had stopped it, and a restart of the manager must not change that
     */
    record Found(String container, boolean isResponsive, boolean isMarkedStopped) {}

    /**
     * The dependencies were checked.
     *
     * @param unmet the condition of each unmet one, in words
     */
    record DependenciesChecked(List<String> unmet) implements ReplicaEvent {}

    /** A service that this one depends on has changed. */
    record DependencyChanged() implements ReplicaEvent {}

    record Launched(String container) implements ReplicaEvent {}

    record LaunchFailed(String message) implements ReplicaEvent {}

    /**
     * The command runs.
     *
     * @param lasted how long it has run already
     */
    record Started(String container, Duration lasted) implements ReplicaEvent {}

    /**
     * The container has ended.
     *
     * @param lived empty: its command never ran
     */
    record Ended(String container, Cause cause, int exitCode, Optional<Duration> lived) implements ReplicaEvent {}

    /** A probe has reached its threshold of consecutive successes or failures. */
    record ThresholdCrossed(String container, ProbeResult result, boolean success) implements ReplicaEvent {}

    /**
     * The container was stopped.
     *
     * @param lived empty: its command never ran
     */
    record StopSucceeded(Optional<Duration> lived) implements ReplicaEvent {}

    record StopFailed(String message) implements ReplicaEvent {}

    record TimerElapsed() implements ReplicaEvent {}

    /** Supervision is to end. The caller stops the container, or leaves it to the next manager. */
    record Detached() implements ReplicaEvent {}
}
