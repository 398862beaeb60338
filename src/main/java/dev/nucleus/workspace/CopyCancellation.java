package dev.nucleus.workspace;

import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** Aborts one copy from another thread, even while it waits for its turn. Thread-safe. */
public final class CopyCancellation {

    private volatile boolean cancelled;
    private @Nullable Thread waiting;

    /** Aborts the copy within milliseconds; has no effect once it is complete. */
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
            throwIfCancelled();
            waiting = Thread.currentThread();
        }
        boolean interrupted = false;
        try {
            while (!tryAcquire(turns)) {
                throwIfCancelled();
                // Not our interrupt: it is for the work that follows.
                interrupted = true;
            }
        } finally {
            synchronized (this) {
                waiting = null;
                if (interrupted) {
                    Thread.currentThread().interrupt();
                } else if (cancelled) {
                    // Clears an interrupt that arrived after the turn was acquired; the copy detects the cancellation
                    // at
                    // its next step.
                    Thread.interrupted();
                }
            }
        }
    }

    /** @return false if the wait was interrupted */
    private static boolean tryAcquire(Semaphore turns) {
        try {
            turns.acquire();
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }

    /** @throws CopyCancelledException if the copy was cancelled */
    void throwIfCancelled() {
        if (cancelled) {
            throw new CopyCancelledException();
        }
    }
}
