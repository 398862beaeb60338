package dev.nucleus.stress;

import java.time.Duration;

/**
 * The times when the manager is down because this test killed it, the only excuse for a command that fails. Guarded by
 * its monitor.
 */
final class Outages {

    private int begun;
    private boolean down;

    /**
     * A moment, to compare with a later one.
     *
     * @param begun how many outages had begun
     * @param down whether the manager was down
     */
    record Moment(int begun, boolean down) {}

    /** To be called before the manager is killed, so that no command fails before the outage has begun. */
    synchronized void begin() {
        begun++;
        down = true;
    }

    /** To be called when another manager is ready. */
    synchronized void end() {
        down = false;
        notifyAll();
    }

    synchronized Moment now() {
        return new Moment(begun, down);
    }

    /** Whether the manager was down at any time since that moment. */
    synchronized boolean since(Moment moment) {
        return moment.down() || begun != moment.begun();
    }

    synchronized int count() {
        return begun;
    }

    /** @return false when the manager was not ready within the time limit */
    synchronized boolean awaitManager(Duration bound) throws InterruptedException {
        long until = System.nanoTime() + bound.toNanos();
        while (down) {
            long left = (until - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                return false;
            }
            wait(left);
        }
        return true;
    }
}
