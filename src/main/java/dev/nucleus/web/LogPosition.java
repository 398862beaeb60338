package dev.nucleus.web;

import java.util.Optional;

/**
 * A position in a container's log, up to which a page has shown it. It is the ID of each event, so that a browser
 * resumes there after it has lost the connection (Last-Event-ID).
 *
 * @param offset of the next byte to show
 */
record LogPosition(String container, long offset) {

    /** Parses the output of {@link #toString}; returns empty for anything else. */
    static Optional<LogPosition> parse(String text) {
        int colon = text.indexOf(':');
        if (!text.matches("[0-9a-f]{32}:\\d{1,18}")) {
            return Optional.empty();
        }
        return Optional.of(new LogPosition(text.substring(0, colon), Long.parseLong(text.substring(colon + 1))));
    }

    @Override
    public String toString() {
        return container + ":" + offset;
    }
}
