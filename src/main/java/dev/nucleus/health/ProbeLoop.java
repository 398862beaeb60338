package dev.nucleus.health;

import dev.nucleus.container.Container;
import dev.nucleus.spec.ProbeSpec;
import java.time.Instant;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.scheduling.TaskScheduler;

/**
 * One probe of one container, tried on schedule until closed. Each try has a thread of its own; the next is left
 * out while one is under way, so a probe that hangs delays nobody. Counts are confined to the try under way.
 */
public final class ProbeLoop implements AutoCloseable {

    /** What a probe found: each answer, and whether it turned the verdict. */
    public interface Listener {

        void answered(ProbeAnswer answer);

        /** The threshold was reached: the verdict is now {@code yes}. Told once per turn. */
        void turned(ProbeAnswer answer, boolean yes);
    }

    private final Container container;
    private final ProbeAnswer.Role role;
    private final ProbeSpec spec;
    private final Listener listener;
    private final AtomicBoolean underWay = new AtomicBoolean();
    private int failures;
    private int successes;
    private @Nullable Boolean verdict;
    private volatile boolean closed;
    private @Nullable ScheduledFuture<?> schedule;

    private ProbeLoop(Container container, ProbeAnswer.Role role, ProbeSpec spec, Listener listener) {
        this.container = container;
        this.role = role;
        this.spec = spec;
        this.listener = listener;
    }

    public static ProbeLoop start(
            TaskScheduler scheduler, Container container, ProbeAnswer.Role role, ProbeSpec spec, Listener listener) {
        var loop = new ProbeLoop(container, role, spec, listener);
        loop.schedule =
                scheduler.scheduleAtFixedRate(loop::attempt, Instant.now().plus(spec.initialDelay()), spec.period());
        return loop;
    }

    private void attempt() {
        // Who stands still can't answer, which says nothing about its health.
        if (closed || container.paused() || !underWay.compareAndSet(false, true)) {
            return;
        }
        try {
            ProbeAnswer answer = Probing.ask(container, role, spec);
            if (!closed && !container.paused()) {
                listener.answered(answer);
                count(answer, turn -> listener.turned(answer, turn));
            }
        } finally {
            underWay.set(false);
        }
    }

    private void count(ProbeAnswer answer, Consumer<Boolean> turned) {
        failures = answer.yes() ? 0 : failures + 1;
        successes = answer.yes() ? successes + 1 : 0;
        if (answer.yes() && successes >= spec.successes() && !Boolean.TRUE.equals(verdict)) {
            verdict = true;
            turned.accept(true);
        } else if (!answer.yes() && failures >= spec.failures() && !Boolean.FALSE.equals(verdict)) {
            verdict = false;
            turned.accept(false);
        }
    }

    @Override
    public void close() {
        closed = true;
        if (schedule != null) {
            schedule.cancel(false);
        }
    }
}
