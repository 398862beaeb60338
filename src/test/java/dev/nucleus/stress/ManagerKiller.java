package dev.nucleus.stress;

import dev.nucleus.support.ManagerProcess;
import java.util.random.RandomGenerator;
import org.awaitility.core.ConditionTimeoutException;

/** Kills the manager with SIGKILL at random moments and starts another, which may be killed while it starts. */
final class ManagerKiller implements Runnable {

    private static final int MAX_LIFE_MS = 12_000;
    private static final int MAX_START_MS = 2_500;

    private final RandomGenerator random;
    private final Subject subject;
    private final ManagerProcess manager;
    private final long until;

    ManagerKiller(RandomGenerator random, Subject subject, long until) {
        this.random = random;
        this.subject = subject;
        this.manager = subject.manager();
        this.until = until;
    }

    @Override
    public void run() {
        try {
            while (awaitNextKill()) {
                kill();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            subject.findings().fault("the manager can't be restarted: " + Traces.of(e));
        }
    }

    /** @return false when no more managers are to be killed */
    private boolean awaitNextKill() throws InterruptedException {
        long left = (until - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
            return false;
        }
        Thread.sleep(Math.min(left, 500 + random.nextInt(MAX_LIFE_MS)));
        subject.findings()
                .check(
                        manager.process().isAlive(),
                        "the manager exited by itself, exit code "
                                + (manager.process().isAlive()
                                        ? 0
                                        : manager.process().exitValue()));
        return true;
    }

    private void kill() throws InterruptedException {
        subject.outages().begin();
        manager.kill();
        manager.restart();
        while (random.nextInt(4) == 0) {
            Thread.sleep(random.nextInt(MAX_START_MS));
            manager.kill();
            manager.restart();
            subject.findings().count("managers killed while they started");
        }
        try {
            manager.awaitReady(Subject.START);
        } catch (ConditionTimeoutException e) {
            subject.hung("the start of the manager");
            manager.awaitReady(Subject.START);
        }
        subject.outages().end();
        subject.findings().count("managers killed");
    }
}
