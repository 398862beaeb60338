package dev.nucleus.health;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.LivenessState;
import org.springframework.context.ApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * Sets the manager's liveness to broken while scheduled tasks do not run: probes are not executed then, and all health
 * is out of date. It has its own thread, independent of the scheduler that it watches.
 */
@Component
final class ScheduleWatch implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(ScheduleWatch.class);
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final Duration PERIOD = Duration.ofSeconds(5);

    private final ApplicationContext context;
    private volatile long beat = System.nanoTime();
    private volatile boolean broken;
    private @Nullable Thread thread;

    ScheduleWatch(ApplicationContext context) {
        this.context = context;
    }

    @Scheduled(fixedRate = 1, timeUnit = TimeUnit.SECONDS)
    void beat() {
        beat = System.nanoTime();
    }

    private void work() {
        try {
            while (true) {
                Thread.sleep(PERIOD);
                check(Duration.ofNanos(System.nanoTime() - beat));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** @param still time since the last scheduled run */
    void check(Duration still) {
        boolean stuck = still.compareTo(TIMEOUT) > 0;
        if (stuck == broken) {
            return;
        }
        broken = stuck;
        if (stuck) {
            log.error("no scheduled task has run for {} s: the manager is reported as broken", still.toSeconds());
        } else {
            log.info("scheduled tasks run again; the manager is no longer reported as broken");
        }
        AvailabilityChangeEvent.publish(context, stuck ? LivenessState.BROKEN : LivenessState.CORRECT);
    }

    @Override
    public void start() {
        thread = Thread.ofPlatform().daemon().name("schedule-watch").start(this::work);
    }

    @Override
    public void stop() {
        if (thread != null) {
            thread.interrupt();
            thread = null;
        }
    }

    @Override
    public boolean isRunning() {
        return thread != null;
    }
}
