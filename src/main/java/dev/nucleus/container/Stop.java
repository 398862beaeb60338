package dev.nucleus.container;

import dev.nucleus.spawner.LaunchException;
import dev.nucleus.spawner.Shim;
import dev.nucleus.spawner.ShimTimeoutException;
import dev.nucleus.spec.Durations;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.text.VisibleText;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How a container is stopped. */
final class Stop {

    private static final Logger log = LoggerFactory.getLogger(Stop.class);

    /** What a workload has after its signal, however long what ran before took; Kubernetes' too. */
    private static final Duration LEAST_GRACE = Duration.ofSeconds(2);

    /** What SIGKILL may take. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** How long a stop waits for the workspace to be copied back; a caller with more containers to stop can't wait longer. */
    private static final Duration BRINGING_BACK = Duration.ofSeconds(30);

    /** Of what runs before a stop: as much of its output as the log gets. */
    private static final int LONGEST_OUTPUT = 1_000;

    private Stop() {}

    /** Stops a container without its shim. {@code silent}: the shim did not answer, and may be killed first. */
    interface ForcedStop {
        void stop(Container container, StopSpec how, Duration grace, boolean silent) throws IOException;
    }

    /** See {@link Containers#stop}. */
    static ContainerState.Stopped stop(Container container, StopSpec how, ForcedStop forced) {
        if (container.state() instanceof ContainerState.Stopped stopped) {
            return stopped;
        }
        boolean silent = false;
        Duration grace = how.before().isEmpty() ? how.grace() : prepareStop(container, how);
        try {
            container.shim().stop(how.signal(), grace);
        } catch (ShimTimeoutException e) {
            log.warn("'{}' is stopped without its shim, which does not answer: {}", container.name(), e.getMessage());
            silent = true;
            force(container, how, grace, true, forced);
        } catch (IOException e) {
            // Its shim leaves with it: a stop that came a moment late finds nobody to ask.
            log.debug("the shim of '{}' does not answer: {}", container.name(), e.toString());
            silent = !container.shim().hasGone();
        }
        try {
            if (!awaitLastProcess(container, grace.plus(PATIENCE))) {
                force(container, how, Duration.ZERO, silent, forced);
                if (!awaitLastProcess(container, PATIENCE)) {
                    throw new StopFailedException(
                            "'" + container.name() + "' still runs " + Durations.format(PATIENCE)
                                    + " after SIGKILL was due: it may be in an uninterruptible wait, or its shim may be suspended",
                            false);
                }
            }
            return container.end().get(BRINGING_BACK.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new StopFailedException(
                    "'" + container.name() + "' has stopped, but its workspace is still being copied back; "
                            + "repeat the stop later to see it finish",
                    true);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while stopping '" + container.name() + "'", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean awaitLastProcess(Container container, Duration patience)
            throws InterruptedException, ExecutionException {
        try {
            container.lastProcess().get(Durations.nanos(patience), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        }
    }

    private static void force(Container container, StopSpec how, Duration grace, boolean silent, ForcedStop forced) {
        try {
            forced.stop(container, how, grace, silent);
        } catch (IOException e) {
            log.warn("'{}' could not be ended without its shim: {}", container.name(), e.getMessage());
        }
    }

    /**
     * What is run inside before the signal. It counts as part of the grace, but leaves the workload a moment of that, as
     * Kubernetes does.
     *
     * @return what is left of the grace
     */
    private static Duration prepareStop(Container container, StopSpec how) {
        if (container.paused()) {
            return how.grace();
        }
        long begun = System.nanoTime();
        try {
            Shim.Captured captured = container.shim().capture(how.before(), how.grace());
            if (captured.timedOut() || captured.status().code() != 0) {
                log.warn(
                        "'{}': what runs before its stop failed: {}{}",
                        container.name(),
                        captured.timedOut() ? "it took all of the grace" : captured.status(),
                        captured.output().isBlank() ? "" : ": " + VisibleText.line(captured.output(), LONGEST_OUTPUT));
            }
        } catch (IOException | LaunchException e) {
            log.warn("'{}': what runs before its stop failed: {}", container.name(), e.getMessage());
        }
        Duration left = how.grace().minusNanos(System.nanoTime() - begun);
        Duration least = how.grace().compareTo(LEAST_GRACE) < 0 ? how.grace() : LEAST_GRACE;
        return left.compareTo(least) < 0 ? least : left;
    }
}
