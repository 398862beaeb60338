package dev.nucleus.container;

import dev.nucleus.text.VisibleText;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The state that a workload reports by sd_notify(3). One thread updates it; any thread may read it.
 *
 * @see <a href="https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html">sd_notify(3)</a>
 */
public final class NotifyState {

    private static final String STATUS = "STATUS=";
    private static final String EXTEND = "EXTEND_TIMEOUT_USEC=";
    private static final int MAX_STATUS = 200;

    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private boolean ready;
    private boolean stopping;
    private String status = "";
    /** Time of its last keep-alive, at first that of the creation of this object. */
    private long alive = System.nanoTime();

    private long extended = alive;

    /**
     * The state at one moment.
     *
     * @param status its status text
     * @param silent time since the last keep-alive
     * @param extended remaining extension of the start timeout
     */
    public record Snapshot(boolean ready, boolean stopping, String status, Duration silent, Duration extended) {}

    void accept(String text) {
        synchronized (this) {
            text.lines().forEach(this::line);
        }
        listeners.forEach(Runnable::run);
    }

    private void line(String line) {
        switch (line) {
            case "READY=1" -> {
                ready = true;
                stopping = false;
            }
            case "STOPPING=1" -> stopping = true;
            case "WATCHDOG=1" -> alive = System.nanoTime();
            // An error that the workload detected itself: treated as a missed keep-alive.
            case "WATCHDOG=trigger" ->
                alive = System.nanoTime() - Duration.ofDays(1).toNanos();
            default -> {
                if (line.startsWith(STATUS)) {
                    status = VisibleText.line(line.substring(STATUS.length()), MAX_STATUS);
                } else if (line.startsWith(EXTEND) && line.matches(EXTEND + "\\d{1,15}")) {
                    long micros = Long.parseLong(line.substring(EXTEND.length()));
                    extended =
                            System.nanoTime() + Duration.ofNanos(micros * 1_000).toNanos();
                }
            }
        }
    }

    public synchronized Snapshot snapshot() {
        long now = System.nanoTime();
        return new Snapshot(
                ready, stopping, status, Duration.ofNanos(now - alive), Duration.ofNanos(Math.max(0, extended - now)));
    }

    /** Runs the listener after each message, in the thread that received it. */
    public void addListener(Runnable listener) {
        listeners.add(listener);
    }

    public void removeListener(Runnable listener) {
        listeners.remove(listener);
    }
}
