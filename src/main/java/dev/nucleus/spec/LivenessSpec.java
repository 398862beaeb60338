package dev.nucleus.spec;

import java.util.Locale;

/**
 * A liveness probe, and what follows when it fails.
 *
 * @param then what is done with the container then
 */
public record LivenessSpec(ProbeSpec probe, Then then) {

    /** What follows when a liveness probe fails. */
    public sealed interface Then {

        /** Stops it and starts it again, unless its restart policy is {@code never}. */
        record Restart() implements Then {}

        /** Stops it for good, until the operator starts it again. */
        record Stop() implements Then {}

        /** Only its health shows it. */
        record Nothing() implements Then {}

        /** Sends a signal, once each time the probe begins to fail. */
        record Send(Signal signal) implements Then {}

        /** Reads {@code restart}, {@code stop} or {@code nothing}. */
        static Then parse(String text) {
            return switch (text.toLowerCase(Locale.ROOT)) {
                case "restart" -> new Restart();
                case "stop" -> new Stop();
                case "nothing" -> new Nothing();
                default ->
                    throw new InvalidSpecException("'" + text + "' is not an action for a failed liveness probe; write "
                            + "restart, stop, nothing or {signal: HUP}");
            };
        }
    }
}
