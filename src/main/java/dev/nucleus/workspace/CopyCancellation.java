package dev.nucleus.workspace;

import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** Lets another thread abort one copy, also one that still waits for its turn. Thread-safe. */
public final class CopyCancellation {

    private volatile boolean cancelled;
    private @Nullable Thread waiting;

    /** Aborts the copy within milliseconds; without effect once it is complete. */
    public synchronized void cancel() {
        cancelled = true;
        if (waiting != null) {
            waiting.interrupt();
        }
    }

    /**
     * Waits for the copy's turn.
     *
     * @throws CopyCancelledException if it is cancelled meanwhile
     */
    public void acquire(Semaphore turns) {
        synchronized (this) {
            check();
            waiting = Thread.currentThread();
        }
        try {
            turns.acquire();
        } catch (InterruptedException e) {
            throw new CopyCancelledException();
        } finally {
            synchronized (this) {
                waiting = null;
                // An interrupt that came after the turn; the copy notices the cancellation by itself.
                Thread.interrupted();
            }
        }
    }

    /** @throws CopyCancelledException if the copy was cancelled */
    void check() {
        if (cancelled) {
            throw new CopyCancelledException();
        }
    }
}
