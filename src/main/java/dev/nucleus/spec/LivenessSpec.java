package dev.nucleus.spec;

import java.util.Locale;

/**
 * A liveness probe and the action after its failure.
 *
 * @param then the action after its failure
 */
public record LivenessSpec(ProbeSpec probe, Then then) {

    /** The action after a liveness probe has failed. */
    public sealed interface Then {

        /** Stops the container and starts it again, unless its restart policy is {@code never}. */
        record Restart() implements Then {}

        /** Stops the container until an operator starts it again. */
        record Stop() implements Then {}

        /** Only changes the status. */
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
