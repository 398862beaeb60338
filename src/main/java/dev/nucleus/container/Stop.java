package dev.nucleus.container;

import dev.nucleus.shim.LaunchException;
import dev.nucleus.shim.Shim;
import dev.nucleus.shim.ShimTimeoutException;
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

/** Stops a container. */
final class Stop {

    private static final Logger log = LoggerFactory.getLogger(Stop.class);

    /** Minimum time from the signal to SIGKILL, however long the pre-stop command took; the same as in Kubernetes. */
    private static final Duration MIN_GRACE = Duration.ofSeconds(2);

    /** Time allowed for SIGKILL to take effect. */
    private static final Duration KILL_TIMEOUT = Duration.ofSeconds(5);

    /**
     * How long a stop waits for the workspace to be copied back; a caller with more containers to stop can't wait
     * longer.
     */
    private static final Duration COPY_BACK_TIMEOUT = Duration.ofSeconds(30);

    /** Maximum length of the pre-stop command's output in the log. */
    private static final int MAX_OUTPUT = 1_000;

    private Stop() {}

    /** Stops a container without its shim. {@code silent}: the shim did not answer, so it may be killed as well. */
    interface ForcedStop {
        void stop(Container container, StopSpec how, Duration grace, boolean silent) throws IOException;
    }

    /** See {@link Containers#stop}. */
    static ContainerState.Stopped stop(Container container, StopSpec how, ForcedStop forced) {
        if (container.state() instanceof ContainerState.Stopped stopped) {
            return stopped;
        }
        if (container.state() instanceof ContainerState.CopyingBack) {
            return awaitCopyBack(container);
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
            // The shim exits with its container: a stop requested just after the exit can't connect.
            log.debug("the shim of '{}' does not answer: {}", container.name(), e.toString());
            silent = !container.shim().hasExited();
        }
        try {
            if (!awaitLastProcess(container, grace.plus(KILL_TIMEOUT))) {
                force(container, how, Duration.ZERO, silent, forced);
                if (!awaitLastProcess(container, KILL_TIMEOUT)) {
                    throw new StopFailedException(
                            "'" + container.name() + "' still runs " + Durations.format(KILL_TIMEOUT)
                                    + " after SIGKILL was due: it may be in an uninterruptible wait, or its shim may be suspended",
                            false);
                }
            }
            return awaitCopyBack(container);
        } catch (InterruptedException e) {
            throw interrupted(container, e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private static ContainerState.Stopped awaitCopyBack(Container container) {
        try {
            return container.end().get(COPY_BACK_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new StopFailedException(
                    "'" + container.name()
                            + "' has stopped, but its workspace is still being copied back: nucleus wait "
                            + container.name() + " waits for that, nucleus kill " + container.name()
                            + " aborts it and keeps the container's copy",
                    true);
        } catch (InterruptedException e) {
            throw interrupted(container, e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private static IllegalStateException interrupted(Container container, InterruptedException why) {
        Thread.currentThread().interrupt();
        return new IllegalStateException("interrupted while stopping '" + container.name() + "'", why);
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
            log.warn("can't stop '{}' without its shim: {}", container.name(), e.getMessage());
        }
    }

    /**
     * Runs the pre-stop command inside. Its time counts as part of the grace period, of which at least
     * {@link #MIN_GRACE} is left to the workload, as in Kubernetes.
     *
     * @return the rest of the grace period
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
                        "'{}': its pre-stop command failed: {}{}",
                        container.name(),
                        captured.timedOut() ? "it took the whole grace period" : captured.status(),
                        captured.output().isBlank() ? "" : ": " + VisibleText.line(captured.output(), MAX_OUTPUT));
            }
        } catch (IOException | LaunchException e) {
            log.warn("'{}': its pre-stop command failed: {}", container.name(), e.getMessage());
        }
        Duration left = how.grace().minusNanos(System.nanoTime() - begun);
        Duration least = how.grace().compareTo(MIN_GRACE) < 0 ? how.grace() : MIN_GRACE;
        return left.compareTo(least) < 0 ? least : left;
    }
}
