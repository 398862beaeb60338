package dev.nucleus.web;

import java.util.Optional;

/**
 * A place in a container's log: what a page has shown so far. It is the id of each event, so that a browser that lost
 * the connection goes on where it was (Last-Event-ID).
 *
 * @param offset of the next byte to show
 */
record LogPosition(String container, long offset) {

    /** Reads what {@link #toString} wrote; anything else is no position. */
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
