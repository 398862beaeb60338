package dev.nucleus.spec;

import java.time.Duration;
import java.util.Locale;
import java.util.OptionalInt;

/**
 * Whether and when a container that has exited is restarted.
 *
 * @param when the cases in which it is restarted
 * @param attempts limit of consecutive restarts, reset by a run of {@link Backoff#resetAfter()}; empty: no limit
 */
public record RestartPolicy(When when, OptionalInt attempts, Backoff backoff) {

    /** Compose's restart policies. */
    public enum When {
        ALWAYS,
        ON_FAILURE,
        UNLESS_STOPPED,
        NEVER;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /**
     * The wait before the next start: {@code from}, then {@code factor} times longer each time, at most {@code to}. A
     * run of {@code resetAfter} resets it.
     */
    public record Backoff(Duration from, double factor, Duration to, Duration resetAfter) {

        public static final Backoff DEFAULT =
                new Backoff(Duration.ofMillis(200), 2, Duration.ofMinutes(1), Duration.ofMinutes(10));

        public Backoff {
            if (from.isNegative() || to.compareTo(from) < 0) {
                throw new InvalidSpecException("a backoff grows: 'to' must not be shorter than 'from'");
            }
            if (!(factor >= 1 && factor <= 100)) {
                throw new InvalidSpecException("a backoff's factor is 1 to 100, was " + factor);
            }
        }

        /** The wait before restart number {@code attempt}, counted from 0. */
        public Duration delay(int attempt) {
            double millis = from.toMillis() * Math.pow(factor, Math.min(attempt, 60));
            return millis >= to.toMillis() ? to : Duration.ofMillis((long) millis);
        }
    }

    public static final RestartPolicy NEVER = new RestartPolicy(When.NEVER, OptionalInt.empty(), Backoff.DEFAULT);
    public static final RestartPolicy ALWAYS = new RestartPolicy(When.ALWAYS, OptionalInt.empty(), Backoff.DEFAULT);

    /** Reads {@code always}, {@code on-failure}, {@code on-failure:5}, {@code unless-stopped} or {@code never}. */
    public static RestartPolicy parse(String text) {
        return switch (text) {
            case "always" -> ALWAYS;
            case "no", "never" -> NEVER;
            case "unless-stopped" -> new RestartPolicy(When.UNLESS_STOPPED, OptionalInt.empty(), Backoff.DEFAULT);
            case "on-failure" -> new RestartPolicy(When.ON_FAILURE, OptionalInt.empty(), Backoff.DEFAULT);
            default -> {
                if (!text.matches("on-failure:\\d{1,6}")) {
                    throw new InvalidSpecException("'" + text + "' is not a restart policy; write always, on-failure, "
                            + "on-failure:5, unless-stopped or never");
                }
                int attempts = Integer.parseInt(text.substring("on-failure:".length()));
                if (attempts == 0) {
                    throw new InvalidSpecException(
                            "'" + text + "' is ambiguous: it reads as no restarts, but means no limit in Compose; "
                                    + "write on-failure for restarts without a limit, or never");
                }
                yield new RestartPolicy(When.ON_FAILURE, OptionalInt.of(attempts), Backoff.DEFAULT);
            }
        };
    }

    public RestartPolicy withBackoff(Backoff other) {
        return new RestartPolicy(when, attempts, other);
    }

    /** Whether a container that exited by itself with this code is restarted. */
    public boolean restartsAfter(int exitCode, int restartsSoFar) {
        return switch (when) {
            case NEVER -> false;
            case ALWAYS, UNLESS_STOPPED -> true;
            case ON_FAILURE -> exitCode != 0 && (attempts.isEmpty() || restartsSoFar < attempts.getAsInt());
        };
    }

    @Override
    public String toString() {
        return when + (attempts.isPresent() ? ":" + attempts.getAsInt() : "");
    }
}
