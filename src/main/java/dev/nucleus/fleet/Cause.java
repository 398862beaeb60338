package dev.nucleus.fleet;

import dev.nucleus.text.VisibleText;
import java.util.Locale;

/**
 * The cause of a replica's status.
 *
 * @param words as shown to users: the exit code, the result of a probe
 */
public record Cause(Kind kind, String words) {

    /** The text may contain output of the workload. */
    public Cause {
        words = VisibleText.line(words);
    }

    /** The kind of a cause. */
    public enum Kind {
        /** The replica is being launched, or its launch failed. */
        LAUNCH,
        /** It runs, and no probe has a result yet. */
        RUNNING,
        /** A service that it depends on. */
        DEPENDENCY,
        /** The result of a probe. */
        PROBE,
        /** It ended with an exit code. */
        EXIT,
        /** A signal ended it, other than those of a stop; one sent with {@code nucleus kill} counts. */
        SIGNAL,
        /** The kernel killed a process in it at its memory limit. */
        OUT_OF_MEMORY,
        /** Its end was not recorded: its shim was killed, or the host restarted. */
        LOST,
        OPERATOR,
        /** A fault of Nucleus. */
        FAULT;

        /** As shown to users. */
        public String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    public static Cause launch(String words) {
        return new Cause(Kind.LAUNCH, words);
    }

    public static Cause running(String words) {
        return new Cause(Kind.RUNNING, words);
    }

    public static Cause probe(String words) {
        return new Cause(Kind.PROBE, words);
    }

    public static Cause operator(String words) {
        return new Cause(Kind.OPERATOR, words);
    }

    /** The same cause with an addition. */
    public Cause and(String more) {
        return new Cause(kind, words + "; " + more);
    }
}
