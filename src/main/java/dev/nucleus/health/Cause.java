package dev.nucleus.health;

import dev.nucleus.text.VisibleText;
import java.util.Locale;

/**
 * Why a replica has the status that it has.
 *
 * @param words for people: the exit code, what a probe saw
 */
public record Cause(Kind kind, String words) {

    /** A workload's own words may be among them. */
    public Cause {
        words = VisibleText.line(words);
    }

    /** What kind of thing it was. */
    public enum Kind {
        /** Its launch began, or could not be done. */
        LAUNCH,
        /** It runs, and nobody asks for more. */
        RUNNING,
        /** A service that it depends on. */
        DEPENDENCY,
        /** What a probe said. */
        PROBE,
        /** It ended with an exit code. */
        EXIT,
        /** A signal that Nucleus did not send ended it. */
        SIGNAL,
        /** The kernel killed in it, at its limit of memory. */
        OUT_OF_MEMORY,
        /** Nobody saw how it ended: its shim was killed, or the host restarted. */
        LOST,
        OPERATOR,
        /** Nucleus itself. */
        FAULT;

        /** In people's words. */
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

    /** The same with more to say. */
    public Cause and(String more) {
        return new Cause(kind, words + "; " + more);
    }
}
