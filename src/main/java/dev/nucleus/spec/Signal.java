package dev.nucleus.spec;

import java.util.List;
import java.util.Locale;

/**
 * A signal, by its Linux number on x86-64 and arm64 (signal(7)).
 *
 * @param number 1 to 64
 */
public record Signal(int number) {

    private static final List<String> NAMES = List.of(
            "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
            "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
            "WINCH", "IO", "PWR", "SYS");
    private static final int REAL_TIME_FIRST = 34;
    private static final int LAST = 64;

    public static final Signal TERM = new Signal(15);
    public static final Signal KILL = new Signal(9);

    public Signal {
        if (number < 1 || number > LAST) {
            throw new InvalidSpecException("a signal is 1 to 64, was " + number);
        }
    }

    /** Reads {@code TERM}, {@code SIGTERM}, {@code 15}, {@code RTMIN+3} or {@code RTMAX-1}. */
    public static Signal parse(String text) {
        String name = text.strip().toUpperCase(Locale.ROOT);
        if (name.matches("\\d{1,2}")) {
            return new Signal(Integer.parseInt(name));
        }
        name = name.startsWith("SIG") ? name.substring(3) : name;
        if (name.matches("RTMIN(\\+\\d{1,2})?")) {
            return realTime(text, REAL_TIME_FIRST + offset(name));
        }
        if (name.matches("RTMAX(-\\d{1,2})?")) {
            return realTime(text, LAST - offset(name));
        }
        int index = NAMES.indexOf(name);
        if (index < 0) {
            throw new InvalidSpecException("'" + text + "' is not a signal; write TERM, SIGINT or a number");
        }
        return new Signal(index + 1);
    }

    /** The number after {@code RTMIN+} or {@code RTMAX-}; 0 if there is none. */
    private static int offset(String name) {
        return name.length() == "RTMIN".length() ? 0 : Integer.parseInt(name.substring("RTMIN+".length()));
    }

    private static Signal realTime(String text, int number) {
        if (number < REAL_TIME_FIRST || number > LAST) {
            throw new InvalidSpecException("'" + text + "' is not a signal; real-time signals are RTMIN to RTMIN+30");
        }
        return new Signal(number);
    }

    @Override
    public String toString() {
        if (number <= NAMES.size()) {
            return "SIG" + NAMES.get(number - 1);
        }
        return number >= REAL_TIME_FIRST ? "SIGRTMIN+" + (number - REAL_TIME_FIRST) : Integer.toString(number);
    }
}
