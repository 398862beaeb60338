package dev.nucleus.cli;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** Parses environment variables from bytes: one per line, or, as in /proc/PID/environ, each terminated by NUL. */
final class EnvironmentText {

    private EnvironmentText() {}

    /** Whether the text is NAME=value; the value may be empty. */
    static boolean isVariable(String text) {
        return text.indexOf('=') >= 1;
    }

    /** Splits the text into variables without checking them. A value may contain newlines if NUL terminates it. */
    static List<String> variables(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        String end = text.indexOf('\0') >= 0 ? "\0" : "\n";
        return Arrays.stream(text.split(end, -1))
                .filter(variable -> !variable.isEmpty())
                .toList();
    }
}
