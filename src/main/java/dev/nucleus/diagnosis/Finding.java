package dev.nucleus.diagnosis;

/**
 * A feature or setting of the host that containers depend on.
 *
 * @param subject such as {@code Landlock}
 * @param state what was found
 * @param cost what it means for containers; empty if {@link Severity#OK}
 * @param remedy one line that changes it; empty if {@link Severity#OK}, or if nothing does
 */
public record Finding(Severity severity, String subject, String state, String cost, String remedy) {

    /** How much it matters. */
    public enum Severity {
        OK,
        /** Something is weaker, slower or missing; containers run. */
        WARNING,
        /** Containers that need it can't be launched, or don't work. */
        ERROR
    }

    static Finding ok(String subject, String state) {
        return new Finding(Severity.OK, subject, state, "", "");
    }

    static Finding warning(String subject, String state, String cost, String remedy) {
        return new Finding(Severity.WARNING, subject, state, cost, remedy);
    }

    static Finding error(String subject, String state, String cost, String remedy) {
        return new Finding(Severity.ERROR, subject, state, cost, remedy);
    }
}
