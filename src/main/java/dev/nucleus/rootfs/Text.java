package dev.nucleus.rootfs;

/** What a file's maker chose, for a terminal. */
final class Text {

    private static final int LONGEST = 200;

    private Text() {}

    /** On one line, without what moves the cursor, and no longer than a name can sensibly be. */
    static String shown(String text) {
        String line = text.codePoints()
                .limit(LONGEST)
                .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? '?' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
        return line.length() < text.length() ? line + "…" : line;
    }
}
