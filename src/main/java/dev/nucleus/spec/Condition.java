package dev.nucleus.spec;

import java.util.Locale;

/** The condition that a service must meet before its dependents start. */
public enum Condition {
    STARTED,
    HEALTHY,
    COMPLETED;

    /** As shown to users. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Condition parse(String text) {
        return switch (text) {
            case "started", "service_started" -> STARTED;
            case "healthy", "service_healthy" -> HEALTHY;
            case "completed", "service_completed_successfully" -> COMPLETED;
            default ->
                throw new InvalidSpecException(
                        "'" + text + "' is not a condition; write started, healthy or completed");
        };
    }
}
