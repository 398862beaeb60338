package dev.nucleus.rootfs;

import dev.nucleus.text.VisibleText;

/** Makes text of unknown origin safe for a terminal. */
final class Text {

    private static final int MAX_LENGTH = 200;

    private Text() {}

    /** Escapes what would end the line or move the cursor, and limits the length. */
    static String shown(String text) {
        return VisibleText.escape(text, MAX_LENGTH);
    }
}
