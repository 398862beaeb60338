package dev.nucleus.settings;

import org.springframework.context.SmartLifecycle;

/**
 * The order in which the parts of the manager start: lower first. They stop in the opposite order. Web servers are at {@code
 * Integer.MAX_VALUE - 1024} and above ({@link SmartLifecycle#DEFAULT_PHASE}).
 */
public final class LifecyclePhases {

    /** First, so that everything after it is recorded. */
    public static final int AUDIT_TRAIL = Integer.MIN_VALUE + 50;

    /** Before anything is launched or adopted. */
    public static final int SPAWNER = Integer.MIN_VALUE + 100;

    /** Before the fleets, whose transitions it stores. */
    public static final int HISTORY = Integer.MIN_VALUE + 500;

    /** Adopts containers before a request can be served. */
    public static final int FLEETS = Integer.MIN_VALUE + 1_000;

    /** After the fleets, whose health it publishes. */
    public static final int GRPC_HEALTH = Integer.MIN_VALUE + 1_500;

    /** Last: a command finds all other parts started. */
    public static final int COMMAND_SERVER = Integer.MAX_VALUE - 10;

    private LifecyclePhases() {}
}
