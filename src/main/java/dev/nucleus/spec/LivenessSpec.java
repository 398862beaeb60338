package dev.nucleus.spec;

import java.util.Locale;

/**
 * A liveness probe, and what follows when it says no.
 *
 * @param then what is done about a container that is not right in itself
 */
public record LivenessSpec(ProbeSpec probe, Then then) {

    /** What follows a liveness probe's no. */
    public sealed interface Then {

        /** Stops it, and starts it again whatever its restart policy says of ends of its own, but {@code never}. */
        record Restart() implements Then {}

        /** Stops it for good, until the operator starts it again. */
        record Stop() implements Then {}

        /** Leaves it as it is; only its health tells. */
        record Nothing() implements Then {}

        /** Tells it, once for each turn to no. */
        record Send(Signal signal) implements Then {}

        /** Reads {@code restart}, {@code stop} or {@code nothing}. */
        static Then parse(String text) {
            return switch (text.toLowerCase(Locale.ROOT)) {
                case "restart" -> new Restart();
                case "stop" -> new Stop();
                case "nothing" -> new Nothing();
                default ->
                    throw new InvalidSpecException("'" + text + "' does not follow a liveness probe's no; write "
                            + "restart, stop, nothing or {signal: HUP}");
            };
        }
    }
}
