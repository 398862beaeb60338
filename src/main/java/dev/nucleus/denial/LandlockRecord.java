package dev.nucleus.denial;

import dev.nucleus.text.VisibleText;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One of Landlock's audit records, or the record of the system call that it belongs to.
 *
 * @param serial the same for all records of one event
 * @param fields by name; strings without their quotation marks
 * @see <a href="https://docs.kernel.org/admin-guide/LSM/landlock.html">Landlock: system-wide management, audit</a>
 */
record LandlockRecord(int type, Instant at, long serial, Map<String, String> fields) {

    /** An access was denied. */
    static final int ACCESS = 1423;
    /** A domain was denied an access for the first time, or was deallocated. */
    static final int DOMAIN = 1424;
    /** The system call that was denied. */
    static final int SYSCALL = 1300;

    private static final Pattern HEAD = Pattern.compile("audit\\((\\d+)\\.(\\d{3}):(\\d+)\\): ");
    private static final Pattern FIELD = Pattern.compile("([a-z_]+)=(\"[^\"]*\"|\\S+)");
    private static final Pattern HEX = Pattern.compile("(?:[0-9A-F]{2})+");

    static Optional<LandlockRecord> parse(int type, String text) {
        Matcher head = HEAD.matcher(text);
        if (type != ACCESS && type != DOMAIN && type != SYSCALL || !head.lookingAt()) {
            return Optional.empty();
        }
        var fields = new HashMap<String, String>();
        Matcher field = FIELD.matcher(text.substring(head.end()));
        while (field.find()) {
            fields.putIfAbsent(field.group(1), value(field.group(1), field.group(2)));
        }
        return Optional.of(new LandlockRecord(
                type,
                Instant.ofEpochSecond(Long.parseLong(head.group(1)), Long.parseLong(head.group(2)) * 1_000_000),
                Long.parseLong(head.group(3)),
                Map.copyOf(fields)));
    }

    /**
     * Strings that a program chooses are quoted, or in hexadecimal digits if they contain special characters. Control
     * characters, which may be aimed at the terminal of a reader, are escaped.
     */
    private static String value(String name, String text) {
        if (text.startsWith("\"")) {
            return text.substring(1, text.length() - 1);
        }
        boolean chosen = name.equals("path") || name.equals("comm") || name.equals("exe");
        return chosen && HEX.matcher(text).matches()
                ? VisibleText.escape(new String(HexFormat.of().parseHex(text), StandardCharsets.UTF_8))
                : text;
    }

    String field(String name) {
        return fields.getOrDefault(name, "");
    }

    /** The operation, such as {@code fs.write_file /etc/passwd} or {@code net.bind_tcp 8080}. */
    String attempt() {
        String object = field("path");
        if (object.isEmpty()) {
            object = fields.containsKey("dest") ? field("dest") : field("src");
        }
        return (field("blockers") + " " + object).strip();
    }

    String reason() {
        String blockers = field("blockers");
        if (blockers.startsWith("fs.execute")) {
            return "its rules allow programs to be run only from certain directories";
        }
        if (blockers.startsWith("fs.")) {
            return "its rules don't allow this access to this path";
        }
        if (blockers.startsWith("net.")) {
            return "its rules don't allow this TCP port";
        }
        return "it may not reach processes and sockets outside its own domain";
    }
}
