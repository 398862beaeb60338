package dev.nucleus.health;

import java.util.Locale;
import org.springframework.boot.health.contributor.Status;

/** What a replica is like right now, and what that is in Spring's words. */
public enum ReplicaStatus {
    /** Waits for services it depends on. */
    WAITING(Status.OUT_OF_SERVICE),
    /** Runs; its readiness has not been confirmed yet. */
    STARTING(Status.OUT_OF_SERVICE),
    READY(Status.UP),
    /** Runs, but its readiness probe says no. */
    NOT_READY(Status.OUT_OF_SERVICE),
    /** Its startup or liveness probe says no; it is being stopped, if that is what follows. */
    UNHEALTHY(Status.DOWN),
    /** Ended by itself; starts again after a pause. */
    CRASHED(Status.DOWN),
    /** Has ended by itself again and again; starts again after a pause. */
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

    /** In Spring's words. */
    public Status health() {
        return health;
    }

    public boolean running() {
        return this == STARTING || this == READY || this == NOT_READY || this == UNHEALTHY;
    }

    /** In people's words. */
    public String words() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
