package dev.nucleus.rootfs;

import dev.nucleus.text.VisibleText;

/** Text from a file of unknown origin, made safe for a terminal. */
final class Text {

    private static final int LONGEST = 200;

    private Text() {}

    /** On one line, without what moves the cursor, and no longer than a name can sensibly be. */
    static String shown(String text) {
        return VisibleText.escape(text, LONGEST);
    }
}
