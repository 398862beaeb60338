package dev.nucleus.health;

import dev.nucleus.container.Container;
import dev.nucleus.spec.Durations;
import dev.nucleus.spec.Probe;
import dev.nucleus.spec.ProbeSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.springframework.scheduling.TaskScheduler;

/**
 * One probe of one container, tried on schedule until closed. Each try has a virtual thread of its own and plans the next,
 * so a probe that hangs delays nobody and never overtakes itself. The beat is that of the monotonic clock: who sets the
 * host's time changes nothing. Counts are confined to the try under way.
 */
public final class ProbeLoop implements AutoCloseable {

    /** What a probe found: each answer, and whether it turned the verdict. */
    public interface Listener {

        void answered(ProbeAnswer answer);

        /** The threshold was reached: the verdict is now {@code yes}. Told once per turn. */
        void turned(ProbeAnswer answer, boolean yes);
    }

    private final TaskScheduler scheduler;
    private final Container container;
    private final ProbeAnswer.Role role;
    private final ProbeSpec spec;
    private final Listener listener;
    private int failures;
    private int successes;
    private @Nullable Boolean verdict;
    private final Beat beat;
    /** When the container's command started, by {@link System#nanoTime()}. */
    private final long started;

    private final Runnable hear = this::kick;
    private volatile boolean closed;

    /** Guards what follows: a try may be over before the call that planned it returns. */
    private final ReentrantLock planning = new ReentrantLock();
    /** When the next try is due, its jitter counted in. */
    private long planned;
    /** The number of the next try; one with another number was planned anew when it could not be cancelled any more. */
    private int number;

    private @Nullable ScheduledFuture<?> scheduled;
    private boolean underWay;
    /** The workload has said something since the last try began. */
    private boolean kicked;

    private ProbeLoop(
            TaskScheduler scheduler,
            Container container,
            ProbeAnswer.Role role,
            ProbeSpec spec,
            Listener listener,
            long started,
            Beat beat) {
        this.started = started;
        this.beat = beat;
        this.scheduler = scheduler;
        this.container = container;
        this.role = role;
        this.spec = spec;
        this.listener = listener;
    }

    /**
     * @param spread the most by which the first try is later, at random: those who begin at one moment, as after a restart
     *     of the manager, must not go on in step
     */
    public static ProbeLoop start(
            TaskScheduler scheduler,
            Container container,
            ProbeAnswer.Role role,
            ProbeSpec spec,
            Duration spread,
            Listener listener) {
        long now = System.nanoTime();
        long started = now - Durations.nanos(age(container));
        // One that has run for longer already, under an earlier manager or until it had started up, is asked at once.
        long wait = Math.max(0, started + Durations.nanos(spec.initialDelay()) - now);
        long first = now + wait + random(spread);
        var loop = new ProbeLoop(scheduler, container, role, spec, listener, started, new Beat(spec.period(), first));
        // Before the first attempt: nothing is said between that and the next, unheard.
        if (spec.probe() instanceof Probe.Notify) {
            container.notices().listen(loop.hear);
        }
        loop.schedule();
        return loop;
    }

    /** How long it has run; of one that begins just now, or that the host's clock was set back under, nothing. */
    private static Duration age(Container container) {
        return container
                .whileRunning()
                .map(running -> Duration.between(running.startedAt(), Instant.now()))
                .filter(Duration::isPositive)
                .orElse(Duration.ZERO);
    }

    /** What the workload says of itself is looked at when it says it. */
    private void kick() {
        planning.lock();
        try {
            kicked = true;
            // A try that is under way may have looked before; it plans the next.
            long now = System.nanoTime();
            if (scheduled != null && !underWay && !closed && planned - now > 0) {
                scheduled.cancel(false);
                plan(now);
            }
        } finally {
            planning.unlock();
        }
    }

    private static long random(Duration most) {
        return most.isZero() ? 0 : ThreadLocalRandom.current().nextLong(Durations.nanos(most));
    }

    private void schedule() {
        planning.lock();
        try {
            underWay = false;
            if (!closed) {
                plan(kicked ? System.nanoTime() : beat.due() + random(spec.jitter()));
            }
        } finally {
            planning.unlock();
        }
    }

    private void plan(long at) {
        planned = at;
        number++;
        int mine = number;
        scheduled = scheduler.schedule(() -> attempt(mine), Instant.now().plusNanos(at - System.nanoTime()));
    }

    private boolean begins(int attempt) {
        planning.lock();
        try {
            if (closed || attempt != number) {
                return false;
            }
            underWay = true;
            kicked = false;
            return true;
        } finally {
            planning.unlock();
        }
    }

    private void attempt(int attempt) {
        if (!begins(attempt)) {
            return;
        }
        try {
            // Who stands still can't answer, which says nothing about its health.
            int pauses = container.pauses();
            if (!container.paused()) {
                ask(pauses);
            }
        } finally {
            long now = System.nanoTime();
            spec.healthcheck()
                    .ifPresentOrElse(
                            check -> beat.ended(now, isStarting(check, now) ? check.startInterval() : spec.period()),
                            () -> beat.ended(now));
            schedule();
        }
    }

    /** @param pauses that there were when it was seen not to be paused */
    private void ask(int pauses) {
        Duration late = Duration.ofNanos(Math.max(0, System.nanoTime() - planned));
        beat.began(late);
        long began = System.nanoTime();
        ProbeAnswer answer = Probing.ask(container, role, spec, late);
        // A pause meanwhile took of its time, or all.
        if (closed || container.pauses() != pauses) {
            return;
        }
        listener.answered(answer);
        boolean patience = role == ProbeAnswer.Role.STARTUP
                && !container.notices().said().extended().isZero();
        boolean starting =
                spec.healthcheck().map(check -> isStarting(check, began)).orElse(false);
        count(answer, patience || starting);
    }

    private boolean isStarting(ProbeSpec.Healthcheck check, long now) {
        return check.isStarting(Duration.ofNanos(now - started), verdict != null);
    }

    /** @param excused whether a no doesn't count, as the workload asks for patience or is within its start period */
    private void count(ProbeAnswer answer, boolean excused) {
        failures = answer.yes() || excused ? 0 : failures + 1;
        successes = answer.yes() ? successes + 1 : 0;
        if (answer.yes() && successes >= spec.successes() && !Boolean.TRUE.equals(verdict)) {
            verdict = true;
            listener.turned(answer, true);
        } else if (!answer.yes() && failures >= spec.failures() && !Boolean.FALSE.equals(verdict)) {
            verdict = false;
            listener.turned(answer, false);
        }
    }

    @Override
    public void close() {
        container.notices().forget(hear);
        planning.lock();
        try {
            closed = true;
            if (scheduled != null) {
                scheduled.cancel(false);
            }
        } finally {
            planning.unlock();
        }
    }
}
