package dev.nucleus.probe;

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
 * Executes one probe of one container on schedule until it is closed. Each attempt has its own virtual thread and plans
 * the next, so a hanging probe delays no other and its attempts never overlap. The schedule follows the monotonic
 * clock: a change of the host's time does not affect it. Counts are confined to the attempt under way.
 */
public final class ProbeLoop implements AutoCloseable {

    /** Receives the results of a probe. */
    public interface Listener {

        void onResult(ProbeResult result);

        /** The probe has reached its threshold of consecutive successes or failures. Called once per change. */
        void onThresholdCrossed(ProbeResult result, boolean success);
    }

    private final TaskScheduler scheduler;
    private final Container container;
    private final ProbeResult.Role role;
    private final ProbeSpec spec;
    private final Listener listener;
    private int failures;
    private int successes;
    private @Nullable Boolean verdict;
    private final ProbeSchedule schedule;
    /** When the container's command started, by {@link System#nanoTime()}. */
    private final long started;

    private final Runnable onNotify = this::triggerNow;
    private volatile boolean closed;

    /** Guards the fields below: an attempt may be over before the call that planned it returns. */
    private final ReentrantLock planning = new ReentrantLock();
    /** When the next attempt is due, including its jitter. */
    private long planned;
    /** The number of the next attempt. An attempt with an older number was superseded, and does nothing. */
    private int number;

    private @Nullable ScheduledFuture<?> scheduled;
    private boolean isUnderWay;
    /** The workload has sent a notification since the last attempt began. */
    private boolean isTriggered;

    private ProbeLoop(
            TaskScheduler scheduler,
            Container container,
            ProbeResult.Role role,
            ProbeSpec spec,
            Listener listener,
            long started,
            ProbeSchedule schedule) {
        this.started = started;
        this.schedule = schedule;
        this.scheduler = scheduler;
        this.container = container;
        this.role = role;
        this.spec = spec;
        this.listener = listener;
    }

    /**
     * @param spread maximum random delay of the first attempt, so that probes that begin at one moment, as after a
     *     restart of the manager, do not stay in step
     */
    public static ProbeLoop start(
            TaskScheduler scheduler,
            Container container,
            ProbeResult.Role role,
            ProbeSpec spec,
            Duration spread,
            Listener listener) {
        long now = System.nanoTime();
        long started = now - Durations.nanos(age(container));
        // If the container has run for longer already, the first attempt is due at once.
        long wait = Math.max(0, started + Durations.nanos(spec.initialDelay()) - now);
        long first = now + wait + random(spread);
        var loop = new ProbeLoop(
                scheduler, container, role, spec, listener, started, new ProbeSchedule(spec.period(), first));
        // Before the first attempt, so that no notification after it is missed.
        if (spec.probe() instanceof Probe.Notify) {
            container.notifyState().addListener(loop.onNotify);
        }
        loop.scheduleNext();
        return loop;
    }

    /** How long it has run; zero for one that has just started, or if the host's clock was set back since. */
    private static Duration age(Container container) {
        return container
                .whileRunning()
                .map(running -> Duration.between(running.startedAt(), Instant.now()))
                .filter(Duration::isPositive)
                .orElse(Duration.ZERO);
    }

    /** The workload has sent a notification: it is evaluated now. */
    private void triggerNow() {
        planning.lock();
        try {
            isTriggered = true;
            // An attempt in progress may have read the older state; it schedules the next attempt itself.
            long now = System.nanoTime();
            if (scheduled != null && !isUnderWay && !closed && planned - now > 0) {
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

    private void scheduleNext() {
        planning.lock();
        try {
            isUnderWay = false;
            if (!closed) {
                plan(isTriggered ? System.nanoTime() : schedule.due() + random(spec.jitter()));
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
            isUnderWay = true;
            isTriggered = false;
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
            // A paused container can't answer, which says nothing about its health.
            int pauses = container.pauses();
            if (!container.paused()) {
                execute(pauses);
            }
        } finally {
            long now = System.nanoTime();
            spec.healthcheck()
                    .ifPresentOrElse(
                            check ->
                                    schedule.ended(now, isStarting(check, now) ? check.startInterval() : spec.period()),
                            () -> schedule.ended(now));
            scheduleNext();
        }
    }

    /** @param pauses number of pauses before the attempt */
    private void execute(int pauses) {
        Duration late = Duration.ofNanos(Math.max(0, System.nanoTime() - planned));
        schedule.began(late);
        long began = System.nanoTime();
        ProbeResult result = ProbeExecutor.execute(container, role, spec, late);
        // A pause in between took some or all of its time.
        if (closed || container.pauses() != pauses) {
            return;
        }
        listener.onResult(result);
        boolean isExtended = role == ProbeResult.Role.STARTUP
                && !container.notifyState().snapshot().extended().isZero();
        boolean isStarting =
                spec.healthcheck().map(check -> isStarting(check, began)).orElse(false);
        count(result, isExtended || isStarting);
    }

    private boolean isStarting(ProbeSpec.Healthcheck check, long now) {
        return check.isStarting(Duration.ofNanos(now - started), verdict != null);
    }

    /**
     * @param excused whether a failure does not count, because the workload has requested more time or is in its start
     *     period
     */
    private void count(ProbeResult result, boolean excused) {
        failures = result.success() || excused ? 0 : failures + 1;
        successes = result.success() ? successes + 1 : 0;
        if (result.success() && successes >= spec.successes() && !Boolean.TRUE.equals(verdict)) {
            verdict = true;
            listener.onThresholdCrossed(result, true);
        } else if (!result.success() && failures >= spec.failures() && !Boolean.FALSE.equals(verdict)) {
            verdict = false;
            listener.onThresholdCrossed(result, false);
        }
    }

    @Override
    public void close() {
        container.notifyState().removeListener(onNotify);
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
