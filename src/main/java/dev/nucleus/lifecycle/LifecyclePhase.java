package dev.nucleus.lifecycle;

/**
 * The phases of {@link org.springframework.context.SmartLifecycle}: the manager starts in this order and stops in the
 * opposite one. Web servers start between {@link #GRPC_HEALTH} and {@link #COMMAND_SERVER}.
 */
public enum LifecyclePhase {
    /** First, so that everything after it is recorded. */
    AUDIT_TRAIL(Integer.MIN_VALUE + 50),
    /** Before anything is launched or adopted. */
    SPAWNER(Integer.MIN_VALUE + 100),
    /** Before the fleets, whose transitions it stores. */
    HISTORY(Integer.MIN_VALUE + 500),
    /** Adopts containers before a request can be served. */
    FLEETS(Integer.MIN_VALUE + 1_000),
    /** After the fleets, whose health it publishes. */
    GRPC_HEALTH(Integer.MIN_VALUE + 1_500),
    /** Last: a command finds all other parts started. */
    COMMAND_SERVER(Integer.MAX_VALUE - 10);

    private final int phase;

    LifecyclePhase(int phase) {
        this.phase = phase;
    }

    /** The number that Spring orders by. */
    public int phase() {
        return phase;
    }
}
