package dev.nucleus.cli;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** Variables as they stand in a stream of bytes: one a line; or, as in /proc/PID/environ, each ended by NUL. */
final class EnvironmentText {

    private EnvironmentText() {}

    /** Whether the text is NAME=value; the value may be empty. */
    static boolean isVariable(String text) {
        return text.indexOf('=') >= 1;
    }

    /** Each as NAME=value, or whatever stands there. A value may hold newlines where NUL ends it. */
    static List<String> variables(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        String end = text.indexOf('\0') >= 0 ? "\0" : "\n";
        return Arrays.stream(text.split(end, -1))
                .filter(variable -> !variable.isEmpty())
                .toList();
    }
}
