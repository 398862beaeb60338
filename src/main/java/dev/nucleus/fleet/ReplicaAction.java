package dev.nucleus.fleet;

import dev.nucleus.spec.Signal;

/** Something to do for a replica, decided by {@link ReplicaMachine}. */
sealed interface ReplicaAction {

    /** Leads to {@link ReplicaEvent.DependenciesChecked}. */
    record CheckDependencies() implements ReplicaAction {}

    /** Leads to {@link ReplicaEvent.Launched} or {@link ReplicaEvent.LaunchFailed}. */
    record Launch() implements ReplicaAction {}

    /** Leads to {@link ReplicaEvent.Started} and {@link ReplicaEvent.Ended}. */
    record Watch() implements ReplicaAction {}

    /** The startup probe if there is one, else the others. Leads to {@link ReplicaEvent.ThresholdCrossed}. */
    record StartProbes() implements ReplicaAction {}

    /** The startup probe has succeeded: readiness and liveness take its place. */
    record StartRemainingProbes() implements ReplicaAction {}

    record StopProbes() implements ReplicaAction {}

    record SendSignal(Signal signal) implements ReplicaAction {}

    /** Leads to {@link ReplicaEvent.StopSucceeded} or {@link ReplicaEvent.StopFailed}. */
    record StopContainer() implements ReplicaAction {}

    /**
     * Sets the status, and publishes it if it changed.
     *
     * @param isEnd whether a run has ended, which is kept in the history even if the status is the same, as in a crash
     *     loop
     */
    record SetStatus(StatusWithCause status, boolean isEnd) implements ReplicaAction {}

    /** A replica in a crash loop has started: its status stays the same, so its dependents are notified explicitly. */
    record NotifyDependents() implements ReplicaAction {}
}
