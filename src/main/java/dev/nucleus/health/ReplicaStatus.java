package dev.nucleus.health;

import java.util.Locale;
import org.springframework.boot.health.contributor.Status;

/** What a replica is like right now, and what that is in Spring's words. */
public enum ReplicaStatus {
    /** Waits for services it depends on. */
    WAITING(Status.OUT_OF_SERVICE),
    /** Runs; its readiness has not been confirmed yet. */
    STARTING(Status.OUT_OF_SERVICE),
    /** Runs, and nothing checks it: no probe, or none that has answered. Counts as serving, never as ready. */
    RUNNING(Status.UP),
    /** Runs, and what checks it says that it can take work. */
    READY(Status.UP),
    /** Runs, but its readiness probe says no. */
    NOT_READY(Status.OUT_OF_SERVICE),
    /** Its startup or liveness probe says no; it is being stopped, if that is what follows. */
    UNHEALTHY(Status.DOWN),
    /** Ended by itself; starts again after a pause. */
    CRASHED(Status.DOWN),
    /**
     * Has ended by itself again and again, and not run long enough since. Remains so while it runs: it serves only
     * while its readiness probe succeeds, and Spring's word for that is UP ({@link ReplicaView#health()}).
     */
    CRASH_LOOP(Status.DOWN),
    /** Ended or would not start, and is not started again. */
    FAILED(Status.DOWN),
    /** A job that has done its work. */
    COMPLETED(Status.UNKNOWN),
    /** Stopped on purpose. */
    STOPPED(Status.UNKNOWN);

    private final Status health;

    ReplicaStatus(Status health) {
        this.health = health;
    }

    /** In Spring's words, unless it serves in a crash loop. */
    public Status health() {
        return health;
    }

    /** Whether a replica with this status takes work; in a crash loop its readiness decides. */
    public boolean serves() {
        return this == RUNNING || this == READY;
    }

    public boolean running() {
        return this == STARTING || this == RUNNING || this == READY || this == NOT_READY || this == UNHEALTHY;
    }

    /** In people's words. */
    public String words() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
