package dev.nucleus.cli;

/**
 * Text of a workload's, as it may be shown on a terminal: control characters would command it, and bidirectional ones reorder
 * what is around them (CVE-2021-42574), so both are shown as escapes.
 */
final class TerminalText {

    private TerminalText() {}

    static String of(String text) {
        var shown = new StringBuilder(text.length());
        text.codePoints().forEach(character -> {
            if (character == '\n') {
                shown.append("\\n");
            } else if (character == '\t') {
                shown.append("\\t");
            } else if (isSafe(character)) {
                shown.appendCodePoint(character);
            } else {
                shown.append(character < 0x100 ? "\\x%02x".formatted(character) : "\\u%04x".formatted(character));
            }
        });
        return shown.toString();
    }

    private static boolean isSafe(int character) {
        return switch (Character.getType(character)) {
            // FORMAT has the bidirectional controls, and what is not seen at all.
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }
}
