package dev.nucleus.fleet;

/** What the supervision of a replica is doing. */
sealed interface ReplicaPhase {

    /** It waits for the services that its service depends on. */
    record Waiting() implements ReplicaPhase {}

    /** A launch is under way. */
    record Launching() implements ReplicaPhase {}

    /**
     * A container is watched.
     *
     * @param container its ID
     */
    record Watching(String container, ProbeVerdicts verdicts) implements ReplicaPhase {}

    /**
     * The container is being stopped.
     *
     * @param cause why
     */
    record Stopping(Cause cause, AfterStop then) implements ReplicaPhase {}

    /**
     * It waits for its next start.
     *
     * @param until by {@link System#nanoTime()}
     */
    record BackingOff(long until) implements ReplicaPhase {}

    /** Nothing happens to the replica until it is started. */
    record Idle() implements ReplicaPhase {}

    /** The step after a container has been stopped. */
    enum AfterStop {
        RESTART,
        /** {@code liveness: then: stop}. */
        FAIL,
        /** An operator had stopped it under an earlier manager. */
        STAY_STOPPED
    }
}
