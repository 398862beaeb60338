package dev.nucleus.workspace;

import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Reports the progress of a long copy, one line every few seconds, and is the point at which a copy detects its cancellation. Confined to one copy.
 *
 * <p>An exception thrown by the listener ends the copy, for example when the client has disconnected.
 */
public final class CopyProgress {

    private static final Duration FIRST = Duration.ofSeconds(2);
    private static final Duration INTERVAL = Duration.ofSeconds(5);

    /** Steps between two readings of the clock. */
    private static final int STEPS = 16;

    private final String what;
    private final Consumer<String> listener;
    private final LongSupplier nanoTime;
    private final CopyCancellation cancellation;
    private String phase = "copying";
    private long files;
    private long bytes;
    private int steps;
    private long due;

    /**
     * @param what names the copy in each line
     * @param listener receives the lines
     */
    public CopyProgress(String what, Consumer<String> listener) {
        this(what, listener, System::nanoTime, new CopyCancellation());
    }

    /** @param cancellation ends the copy at its next step with a {@link CopyCancelledException} */
    public CopyProgress(String what, Consumer<String> listener, CopyCancellation cancellation) {
        this(what, listener, System::nanoTime, cancellation);
    }

    CopyProgress(String what, Consumer<String> listener, LongSupplier nanoTime) {
        this(what, listener, nanoTime, new CopyCancellation());
    }

    CopyProgress(String what, Consumer<String> listener, LongSupplier nanoTime, CopyCancellation cancellation) {
        this.what = what;
        this.listener = listener;
        this.nanoTime = nanoTime;
        this.cancellation = cancellation;
        this.due = nanoTime.getAsLong() + FIRST.toNanos();
    }

    static CopyProgress none() {
        return new CopyProgress("", _ -> {});
    }

    /** Starts the next phase, which counts all files again. */
    void begin(String next) {
        phase = next;
        files = 0;
        bytes = 0;
    }

    /** Counts a file or directory. */
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
        cancellation.throwIfCancelled();
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
        return files + (files == 1 ? " file" : " files") + " (" + (bytes >> 20) + " MiB)";
    }
}
