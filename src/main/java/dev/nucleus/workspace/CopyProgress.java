package dev.nucleus.workspace;

import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Reports the progress of a copy that takes long, a line from time to time. For one walk.
 *
 * <p>What the listener throws ends the copy, as when whoever waits for it has left.
 */
public final class CopyProgress {

    private static final Duration FIRST = Duration.ofSeconds(2);
    private static final Duration INTERVAL = Duration.ofSeconds(5);

    /** How many steps there are between two looks at the clock. */
    private static final int STEPS = 16;

    private final String what;
    private final Consumer<String> listener;
    private final LongSupplier nanoTime;
    private String phase = "copying";
    private long files;
    private long bytes;
    private int steps;
    private long due;

    /**
     * @param what names the copy in each line
     * @param listener gets the lines
     */
    public CopyProgress(String what, Consumer<String> listener) {
        this(what, listener, System::nanoTime);
    }

    CopyProgress(String what, Consumer<String> listener, LongSupplier nanoTime) {
        this.what = what;
        this.listener = listener;
        this.nanoTime = nanoTime;
        this.due = nanoTime.getAsLong() + FIRST.toNanos();
    }

    static CopyProgress none() {
        return new CopyProgress("", _ -> {});
    }

    /** What is done from now on, of all files once more. */
    void begin(String next) {
        phase = next;
        files = 0;
        bytes = 0;
    }

    /** One more file or directory. */
    void file() {
        files++;
        step();
    }

    void bytes(long count) {
        bytes += count;
        step();
    }

    long files() {
        return files;
    }

    long bytes() {
        return bytes;
    }

    private void step() {
        steps++;
        if (steps < STEPS) {
            return;
        }
        steps = 0;
        long now = nanoTime.getAsLong();
        if (now - due >= 0) {
            due = now + INTERVAL.toNanos();
            listener.accept(what + ": " + phase + ", " + amount(files, bytes) + " so far");
        }
    }

    static String amount(long files, long bytes) {
        return files + (files == 1 ? " file" : " files") + " with " + (bytes >> 20) + " MiB";
    }
}
