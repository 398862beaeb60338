package dev.nucleus.text;

import java.util.regex.Pattern;

/**
 * Escapes untrusted text, such as the output of a workload, the name of a file or an argument of a client, for logs,
 * terminals and pages. Characters that move the cursor, begin a new line, are invisible or change the direction of text
 * are replaced by an escape of their code point: a backslash and {@code xHH}, {@code uHHHH} or {@code UHHHHHHHH}. HTML
 * must still be escaped.
 *
 * @see <a href="https://cwe.mitre.org/data/definitions/117.html">CWE-117, forged lines of a log</a>
 * @see <a href="https://cwe.mitre.org/data/definitions/150.html">CWE-150, control sequences on a terminal</a>
 * @see <a href="https://www.unicode.org/reports/tr36/">UTR 36, bidirectional text spoofing</a>
 */
public final class VisibleText {

    /**
     * Control sequences, such as colours, and operating system commands, such as a title (ECMA-48, sections 5.4 and
     * 8.3.89).
     */
    private static final Pattern SEQUENCES =
            Pattern.compile("\u001b\\[[0-?]*[ -/]*[@-~]|\u001b\\][^\u0007\u001b]*(?:\u0007|\u001b\\\\)");

    private static final int LAST_OF_TWO_DIGITS = 0xff;
    private static final int LAST_OF_FOUR_DIGITS = 0xffff;

    private VisibleText() {}

    /** Escapes every character that is not visible; for names, which must stay distinct. */
    public static String escape(String text) {
        return escapeAllBut("", text);
    }

    /** Puts text on one line: strips both ends and turns line breaks and tabs into spaces. */
    public static String line(String text) {
        return escapeAllBut(
                "",
                text.strip()
                        .replace("\r\n", " ")
                        .replace('\n', ' ')
                        .replace('\r', ' ')
                        .replace('\t', ' '));
    }

    /**
     * Like {@link #line(String)}, but truncates longer text.
     *
     * @param most maximum number of characters
     */
    public static String line(String text, int most) {
        return cut(line(prefix(text.strip(), most)), text, most);
    }

    /**
     * Like {@link #escape(String)}, but truncates longer text.
     *
     * @param most maximum number of characters
     */
    public static String escape(String text, int most) {
        return cut(escape(prefix(text, most)), text, most);
    }

    /**
     * The part of the text that can remain after truncation: an escape is longer than its character, and only a
     * two-character line break shrinks, to one space.
     */
    private static String prefix(String text, int most) {
        return text.length() > 2 * most + 2 ? text.substring(0, end(text, 2 * most + 2)) : text;
    }

    private static String cut(String shown, String text, int most) {
        return shown.length() > most || text.length() > 2 * most + 2
                ? shown.substring(0, end(shown, most)) + "…"
                : shown;
    }

    /** The end of a prefix that does not split a surrogate pair. */
    private static int end(String text, int most) {
        int end = Math.min(most, text.length());
        return end > 0 && end < text.length() && Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end;
    }

    /** Escapes messages of our own that contain untrusted text; line feeds and tabs are kept. */
    public static String lines(String text) {
        return escapeAllBut("\n\t", text);
    }

    /** Formats a log line for a page: removes control sequences such as colours, keeps tabs. */
    public static String logLine(String text) {
        return escapeAllBut("\t", SEQUENCES.matcher(text).replaceAll(""));
    }

    /** Whether nothing would be escaped. */
    public static boolean isVisible(String text) {
        return text.codePoints().allMatch(VisibleText::isVisible);
    }

    private static String escapeAllBut(String kept, String text) {
        if (isVisible(text)) {
            return text;
        }
        var shown = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(point -> {
            if (isVisible(point) || kept.indexOf(point) >= 0) {
                shown.appendCodePoint(point);
            } else if (point <= LAST_OF_TWO_DIGITS) {
                shown.append(String.format("\\x%02x", point));
            } else {
                shown.append(String.format(point <= LAST_OF_FOUR_DIGITS ? "\\u%04x" : "\\U%08x", point));
            }
        });
        return shown.toString();
    }

    private static boolean isVisible(int point) {
        return switch (Character.getType(point)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.UNASSIGNED -> false;
            default -> true;
        };
    }
}
