package dev.nucleus.text;

import java.util.regex.Pattern;

/**
 * Text that a workload, a file's name or a client chose, for whoever reads it in a log, on a terminal or on a page: without what
 * moves a cursor, begins a line of its own, hides, or turns the direction of what follows. That is shown as an escape of its
 * number: a backslash and {@code xHH}, {@code uHHHH} or {@code UHHHHHHHH}. HTML is still to be escaped.
 *
 * @see <a href="https://cwe.mitre.org/data/definitions/117.html">CWE-117, forged lines of a log</a>
 * @see <a href="https://cwe.mitre.org/data/definitions/150.html">CWE-150, control sequences on a terminal</a>
 * @see <a href="https://www.unicode.org/reports/tr36/">UTR 36, bidirectional text spoofing</a>
 */
public final class VisibleText {

    /** Control sequences, such as colours, and commands to a terminal, such as a title (ECMA-48, sections 5.4 and 8.3.89). */
    private static final Pattern SEQUENCES =
            Pattern.compile("\u001b\\[[0-?]*[ -/]*[@-~]|\u001b\\][^\u0007\u001b]*(?:\u0007|\u001b\\\\)");

    private static final int LAST_OF_TWO_DIGITS = 0xff;
    private static final int LAST_OF_FOUR_DIGITS = 0xffff;

    private VisibleText() {}

    /** Every character that is not visible is escaped: for names, which must stay distinct. */
    public static String escape(String text) {
        return escapeAllBut("", text);
    }

    /** On one line: line breaks and tabs are spaces, without those at the ends. */
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
     * As {@link #line(String)}, and cut when it is longer.
     *
     * @param most characters that are kept
     */
    public static String line(String text, int most) {
        return cut(line(beginning(text.strip(), most)), text, most);
    }

    /**
     * As {@link #escape(String)}, and cut when it is longer.
     *
     * @param most characters that are kept
     */
    public static String escape(String text, int most) {
        return cut(escape(beginning(text, most)), text, most);
    }

    /** As much as can be left when it is cut: an escape is longer than its character, and two line breaks are a space. */
    private static String beginning(String text, int most) {
        return text.length() > 2 * most + 2 ? text.substring(0, end(text, 2 * most + 2)) : text;
    }

    private static String cut(String shown, String text, int most) {
        return shown.length() > most || text.length() > 2 * most + 2
                ? shown.substring(0, end(shown, most)) + "…"
                : shown;
    }

    /** The end of a beginning that cuts no character in two. */
    private static int end(String text, int most) {
        int end = Math.min(most, text.length());
        return end > 0 && end < text.length() && Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end;
    }

    /** Lines of our own with others' words in them: line feeds and tabs stay. */
    public static String lines(String text) {
        return escapeAllBut("\n\t", text);
    }

    /** A line of a log as a page shows it: colours and their like are left out, tabs stay. */
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
