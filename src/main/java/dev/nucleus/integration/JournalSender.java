package dev.nucleus.integration;

import dev.nucleus.kernel.UnixDatagrams;
import dev.nucleus.text.VisibleText;

/**
 * Writes structured entries to systemd's journal: {@code journalctl NUCLEUS_KIND=down}.
 *
 * @see <a href="https://systemd.io/JOURNAL_NATIVE_PROTOCOL/">Native Journal Protocol</a>
 */
final class JournalSender implements NotificationSender {

    static final String SOCKET = "/run/systemd/journal/socket";

    private final String socket;

    JournalSender(String socket) {
        this.socket = socket;
    }

    @Override
    public boolean accepts(Notification notification) {
        return true;
    }

    @Override
    public void send(Notification notification) {
        String entry = field("MESSAGE", notification.text())
                + field("PRIORITY", notification.isProblem() ? "3" : "5")
                + field("SYSLOG_IDENTIFIER", "nucleus")
                + field("NUCLEUS_KIND", notification.kind().word())
                + field("NUCLEUS_ABOUT", notification.about())
                + field("NUCLEUS_STATUS", notification.status())
                + field("NUCLEUS_CAUSE", notification.cause());
        if (!UnixDatagrams.send(socket, entry)) {
            throw new IllegalStateException("nothing listens at " + socket);
        }
    }

    /** Formats a field on one line: a line break in a value would begin another field. */
    private static String field(String name, String value) {
        return name + "=" + VisibleText.line(value) + "\n";
    }

    @Override
    public String toString() {
        return "the journal";
    }
}
