package dev.nucleus.fleet;

import java.util.Locale;
import org.springframework.boot.health.contributor.Status;

/** The status of a replica, and the Spring status that it maps to. */
public enum ReplicaStatus {
    /** Waits for services it depends on. */
    WAITING(Status.OUT_OF_SERVICE),
    /** Is being launched, or runs and its startup or readiness probe has not succeeded yet. */
    STARTING(Status.OUT_OF_SERVICE),
    /** Runs without a probe result: it has no probe, or none has completed. Counts as serving, never as ready. */
    RUNNING(Status.UP),
    /** Runs, and its probes succeed. */
    READY(Status.UP),
    /** Runs, but its readiness probe fails. */
    NOT_READY(Status.OUT_OF_SERVICE),
    /** Its startup or liveness probe has failed; it is being stopped, if that is configured. */
    UNHEALTHY(Status.DOWN),
    /** Ended, failed to launch, or was stopped as unhealthy; it is restarted after a delay. */
    CRASHED(Status.DOWN),
    /**
     * Has ended by itself again and again, and not run long enough since. Remains so while it runs: it serves only
     * while its readiness probe succeeds, and Spring's status is UP then ({@link ReplicaView#health()}).
     */
    CRASH_LOOP(Status.DOWN),
    /** Ended or failed to start, and is not restarted. */
    FAILED(Status.DOWN),
    /** A job that has succeeded. */
    COMPLETED(Status.UNKNOWN),
    /** Stopped on purpose. */
    STOPPED(Status.UNKNOWN);

    @SuppressWarnings("ImmutableEnumChecker") // Spring's Status is immutable.
    private final Status health;

    ReplicaStatus(Status health) {
        this.health = health;
    }

    /** The Spring status, unless the replica serves in a crash loop. */
    public Status health() {
        return health;
    }

    /** Whether a replica with this status takes work; in a crash loop its readiness decides. */
    public boolean serves() {
        return this == RUNNING || this == READY;
    }

    public boolean isRunning() {
        return this == STARTING || this == RUNNING || this == READY || this == NOT_READY || this == UNHEALTHY;
    }

    /** The status as the predicate of a sentence, after "is". */
    public String predicate() {
        return this == CRASH_LOOP ? "in a crash loop" : words();
    }

    /** As it is shown to users. */
    public String words() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
