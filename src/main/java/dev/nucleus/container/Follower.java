package dev.nucleus.container;

import dev.nucleus.cgroup.CgroupRemoval;
import dev.nucleus.log.LogStream;
import dev.nucleus.log.OutputSink;
import dev.nucleus.network.Networks;
import dev.nucleus.plan.LaunchStep;
import dev.nucleus.preparation.IdRanges;
import dev.nucleus.shim.ExitStatus;
import dev.nucleus.shim.LaunchException;
import dev.nucleus.shim.ShimMessage;
import dev.nucleus.spec.Durations;
import dev.nucleus.spec.Signal;
import dev.nucleus.text.VisibleText;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Follows each container to its end, in a thread of its own, and then cleans up after it. */
@Component
final class Follower {

    private static final Logger log = LoggerFactory.getLogger(Follower.class);

    /** First delay before reconnecting to a live shim that couldn't be reached, for example for lack of descriptors. */
    private static final Duration PAUSE = Duration.ofMillis(100);

    private static final Duration MAX_PAUSE = Duration.ofSeconds(10);

    /** Time allowed for killed processes to exit, and for a shim to write how its container ended. */
    private static final Duration DYING = Duration.ofSeconds(5);

    private final ContainerRegistry registry;
    private final ContainerDirectories directories;
    private final ContainerEvents events;
    private final CgroupRemoval cgroups;
    private final CgroupSweep sweep;
    private final IdRanges ranges;
    private final Networks networks;

    Follower(
            ContainerRegistry registry,
            ContainerDirectories directories,
            ContainerEvents events,
            CgroupRemoval cgroups,
            CgroupSweep sweep,
            IdRanges ranges,
            Networks networks) {
        this.registry = registry;
        this.directories = directories;
        this.events = events;
        this.cgroups = cgroups;
        this.sweep = sweep;
        this.ranges = ranges;
        this.networks = networks;
    }

    /** Follows the container in a thread of its own. */
    void begin(Container container, ContainerConnection connection) {
        Thread.ofVirtual().name("container-", 0).start(() -> follow(container, connection, Optional.empty()));
    }

    /** As {@link #begin}, for a container whose command has not been started. */
    void beginCreated(Container container, ContainerConnection connection) {
        Thread.ofVirtual().name("container-", 0).start(() -> followCreated(container, connection));
    }

    /** The last connection to the shim, and the exit it reported, if any. */
    private record Last(ContainerConnection connection, Optional<ShimMessage.Exited> exited) {}

    /** Follows the container and returns when it has stopped. */
    void follow(Container container, ContainerConnection connection, Optional<OutputSink> sink) {
        Optional<LogStream> output = sink.map(each -> new LogStream(container.log(), each, 0));
        var last = new Last(connection, converse(container, connection, output));
        if (last.exited().isEmpty()) {
            connection.close();
            last = followAnew(container, connection);
        }
        output.ifPresent(stream -> attempt(container, "reading the rest of its output", () -> finish(stream)));
        ContainerConnection lastConnection = last.connection();
        if (last.exited().filter(ShimMessage.Exited::hooksFollow).isPresent()) {
            Thread.ofVirtual().name("hooks-", 0).start(lastConnection::followHooks);
        } else {
            lastConnection.close();
        }
        ended(
                container,
                last.exited()
                        .map(exit -> new ContainerState.Stopped(
                                container.whileRunning().map(ContainerState.Running::startedAt),
                                exit.at(),
                                Optional.of(exit.status()))));
    }

    private static Optional<ShimMessage.Exited> converse(
            Container container, ContainerConnection connection, Optional<LogStream> output) {
        try {
            return output.isPresent() ? connection.follow(output.get()) : connection.follow();
        } catch (IOException e) {
            log.warn("lost the shim of '{}': {}", container.name(), e.toString());
        } catch (RuntimeException | Error e) {
            log.error("following '{}' failed; reconnecting to its shim", container.name(), e);
        }
        return Optional.empty();
    }

    private static void finish(LogStream output) {
        try {
            output.finish();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * A failure in the manager or a lost connection doesn't mean that the container has stopped: reconnects until the
     * shim reports the exit, or is gone.
     */
    private Last followAnew(Container container, ContainerConnection before) {
        Duration pause = PAUSE;
        while (true) {
            ContainerConnection connection = before;
            try {
                connection = new ContainerConnection(container, container.shim().subscribe(), events::publish);
                connection.awaitNext();
                connection.shim().cancelDeadline();
                log.info("reconnected to the shim of '{}', which is still running", container.name());
                Optional<ShimMessage.Exited> exited = connection.follow();
                if (exited.isPresent()) {
                    return new Last(connection, exited);
                }
                pause = PAUSE;
            } catch (IOException | RuntimeException | Error e) {
                if (container.shim().hasExited()) {
                    connection.close();
                    return new Last(connection, Optional.empty());
                }
                log.warn("can't reach the shim of '{}'; trying again: {}", container.name(), e.toString());
            }
            connection.close();
            if (endsWithin(container, pause)) {
                return new Last(connection, Optional.empty());
            }
            pause = pause.multipliedBy(2).compareTo(MAX_PAUSE) < 0 ? pause.multipliedBy(2) : MAX_PAUSE;
        }
    }

    /** Whether, within {@code patience}, its PID 1 exits, if it is known, and no process of it is left. */
    private boolean isEmptyWithin(Container container, Duration patience) {
        long until = System.nanoTime() + Durations.nanos(patience);
        if (!endsWithin(container, patience)) {
            return false;
        }
        try {
            while (cgroups.isPopulated(container.id())) {
                if (System.nanoTime() >= until) {
                    return false;
                }
                Thread.sleep(PAUSE);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return true;
    }

    private static boolean endsWithin(Container container, Duration patience) {
        try {
            Optional<InitProcess> first = InitProcess.of(container);
            return first.isEmpty() || first.get().endsWithin(patience);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /**
     * Does everything that is due at the end of a container. A step that fails is logged and the others are done all
     * the same, so that the end is always reported and no other container is affected.
     *
     * @param reportedEnd how it ended, as its shim reported it; empty if it did not
     */
    void ended(Container container, Optional<ContainerState.Stopped> reportedEnd) {
        ContainerState.Stopped stopped = reportedEnd.orElseGet(() -> howItEnded(container));
        container.ended();
        try {
            attempt(container, "removing its control groups", () -> sweep.ended(container.id()));
            attempt(container, "releasing its user IDs", () -> ranges.release(container.id()));
            attempt(container, "releasing its addresses", () -> networks.release(container.id()));
            attempt(container, "copying its workspace back", () -> copyBack(container, stopped));
            // Last: the next container of this name would copy a workspace that is only half copied back.
            attempt(container, "releasing its name", () -> registry.releaseName(container));
        } finally {
            container.stopped(stopped);
        }
        attempt(container, "reporting its end", () -> events.publish(new ContainerEvent.Stopped(container, stopped)));
    }

    private void copyBack(Container container, ContainerState.Stopped stopped) {
        if (directories.copies().hasWorkspace(container.id())) {
            container.copyingBack(stopped);
        }
        directories
                .copies()
                .end(container.id(), message -> reportProgress(container, message), container.copyBackCancellation())
                .map(VisibleText::line)
                .ifPresent(sentence -> {
                    log.info("'{}': {}", container.name(), sentence);
                    container.workspaceResult(sentence);
                });
    }

    /** The client that waits for it may have disconnected; the workspace is copied back all the same. */
    private static void reportProgress(Container container, String message) {
        log.info("'{}': {}", container.name(), message);
        try {
            container.progress().accept(message);
        } catch (RuntimeException e) {
            log.debug("'{}': can't report its progress: {}", container.name(), e.toString());
        }
    }

    private static void attempt(Container container, String what, Runnable work) {
        try {
            work.run();
        } catch (RuntimeException | Error e) {
            log.error("'{}' ({}) ended, but {} failed", container.name(), container.id(), what, e);
        }
    }

    private ContainerState.Stopped howItEnded(Container container) {
        try {
            awaitExitRecord(container);
            return directories.store().exit(container.directory()).orElseGet(() -> lost(container));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return unknownEnd(container);
        } catch (RuntimeException | Error e) {
            log.error("can't read how '{}' ({}) ended", container.name(), container.id(), e);
            return unknownEnd(container);
        }
    }

    /** Waits for the exit record, which a shim that still runs writes before it exits. */
    private void awaitExitRecord(Container container) throws InterruptedException {
        long until = System.nanoTime() + DYING.toNanos();
        while (System.nanoTime() < until
                && directories.store().exit(container.directory()).isEmpty()
                && !container.shim().hasExited()) {
            Thread.sleep(PAUSE);
        }
    }

    /** Cleans up after a shim that was killed, or a host that restarted. How the container ended is unknown. */
    private ContainerState.Stopped lost(Container container) {
        cgroups.remove(container.id());
        if (!isEmptyWithin(container, DYING)) {
            log.error(
                    "'{}' lost its shim, and a process of it was killed but hasn't exited: it is reported as running until "
                            + "it does; it is probably in an uninterruptible wait: look for state D in ps axo pid,stat,wchan,cgroup "
                            + "| grep nucleus-{}",
                    container.name(),
                    container.id());
            while (!isEmptyWithin(container, MAX_PAUSE)) {
                log.debug("'{}' has not ended yet", container.name());
            }
            cgroups.remove(container.id());
        }
        try {
            Files.deleteIfExists(container.shim().socket());
        } catch (IOException e) {
            log.warn("can't remove the socket of a shim that was killed: {}", e.toString());
        }
        return unknownEnd(container);
    }

    private static ContainerState.Stopped unknownEnd(Container container) {
        return new ContainerState.Stopped(
                container.whileRunning().map(ContainerState.Running::startedAt), Instant.now(), Optional.empty());
    }

    private void followCreated(Container container, ContainerConnection connection) {
        try {
            ContainerState.Running running = connection.awaitStart();
            container.started(running);
            events.publish(new ContainerEvent.Started(container, running));
        } catch (IOException e) {
            notStarted(container, connection, new UncheckedIOException(e));
            return;
        } catch (RuntimeException e) {
            notStarted(container, connection, e);
            return;
        } catch (Error e) {
            log.error("following '{}' failed before it was started", container.name(), e);
            notStarted(container, connection, new IllegalStateException("'" + container.name() + "': " + e, e));
            return;
        }
        follow(container, connection, Optional.empty());
    }

    private void notStarted(Container container, ContainerConnection connection, RuntimeException why) {
        connection.close();
        Optional<ContainerState.Stopped> end = endWithoutStart(why);
        end.ifPresent(stopped -> attempt(
                container,
                "writing its exit record",
                () -> directories.store().writeExit(container.directory(), stopped)));
        ended(container, end);
        container.notStarted(why);
    }

    /** How a container ended that was never started; empty if its shim was lost. */
    private static Optional<ContainerState.Stopped> endWithoutStart(RuntimeException why) {
        if (!(why instanceof LaunchException failure) || failure.step() == LaunchStep.PLAN) {
            return Optional.empty();
        }
        boolean commandFailed = failure.step() == LaunchStep.EXEC || failure.step() == LaunchStep.HOOKS;
        // No other step can fail once it is created: it was stopped or removed instead of started.
        ExitStatus status = commandFailed
                ? new ExitStatus(failure.exitCode(), Optional.empty(), false)
                : ExitStatus.ofWaitStatus(Signal.KILL.number());
        return Optional.of(new ContainerState.Stopped(Optional.empty(), Instant.now(), Optional.of(status)));
    }
}
