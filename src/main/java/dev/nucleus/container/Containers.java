package dev.nucleus.container;

import dev.nucleus.cgroup.CgroupRemoval;
import dev.nucleus.log.OutputSink;
import dev.nucleus.network.Networks;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.preparation.Identities;
import dev.nucleus.settings.PrivateDirectories;
import dev.nucleus.shim.LaunchException;
import dev.nucleus.shim.Shim;
import dev.nucleus.shim.ShimConnection;
import dev.nucleus.shim.ShimMessage;
import dev.nucleus.shim.Ticket;
import dev.nucleus.spawner.Spawner;
import dev.nucleus.spec.ContainerName;
import dev.nucleus.spec.Durations;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.spec.User;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/**
 * All containers that this manager knows, and the operations on them. Thread-safe: each container is followed by a
 * thread of its own.
 */
@Component
public final class Containers {

    private static final Logger log = LoggerFactory.getLogger(Containers.class);

    private static final String STOPPED = "stopped";

    private static final Duration ABORT_TIMEOUT = Duration.ofSeconds(30);

    private final ContainerRegistry registry;
    private final ContainerEvents events;
    private final Launcher launcher;
    private final Adoption adoption;
    private final Spawner spawner;
    private final CgroupRemoval cgroups;
    private final Networks networks;

    Containers(
            ContainerRegistry registry,
            ContainerEvents events,
            Launcher launcher,
            Adoption adoption,
            Spawner spawner,
            CgroupRemoval cgroups,
            Networks networks) {
        this.registry = registry;
        this.events = events;
        this.launcher = launcher;
        this.adoption = adoption;
        this.spawner = spawner;
        this.cgroups = cgroups;
        this.networks = networks;
    }

    /** The plan that an order would be launched with; nothing is launched. */
    public LaunchPlan plan(LaunchOrder order) {
        return launcher.plan(order);
    }

    /**
     * Launches a container and returns when its command runs.
     *
     * @throws dev.nucleus.shim.LaunchException naming the step that failed; nothing is left behind
     * @throws dev.nucleus.policy.PolicyViolationException when its mode refuses it
     */
    public Container launch(LaunchOrder order) {
        return launcher.launch(order);
    }

    /**
     * Launches a container and follows it to its end; its output goes to the sink, and it is removed when it ends.
     *
     * @param onStart receives the container and the connection to its standard input
     */
    public ContainerState.Stopped run(LaunchOrder order, OutputSink sink, Consumer<Attachment> onStart) {
        Container container = launcher.run(order, sink, onStart);
        var stopped = (ContainerState.Stopped) container.state();
        if (!order.spec().security().trace()) {
            remove(container);
        }
        return stopped;
    }

    /**
     * Launches a container whose streams are for the client that has the ticket, and follows it to its end. The
     * container is removed from the registry before its end is reported, and its directory is deleted afterwards.
     *
     * @param onStart receives the container when its command runs
     * @param onEnd receives how it ended
     */
    public void run(
            LaunchOrder order, Ticket ticket, Consumer<Container> onStart, Consumer<ContainerState.Stopped> onEnd) {
        Container container = launcher.run(order, ticket, onStart);
        var stopped = (ContainerState.Stopped) container.state();
        boolean kept = order.spec().security().trace();
        if (!kept) {
            registry.remove(container);
        }
        onEnd.accept(stopped);
        if (!kept) {
            delete(container);
        }
    }

    /**
     * Runs a command inside, with streams for the client that has the ticket; its progress is reported on the
     * connection.
     *
     * @param workdir empty: the workload's
     * @param environment NAME=value, in addition to the workload's
     * @param user empty: the workload's
     */
    public ShimConnection exec(
            Container container,
            List<String> command,
            boolean input,
            Optional<LaunchPlan.Terminal> terminal,
            String workdir,
            List<String> environment,
            Optional<User> user,
            Ticket ticket)
            throws IOException {
        Optional<LaunchPlan.Identity> identity = identity(container, user);
        events.publish(new ContainerEvent.Executed(container, command));
        return container.shim().exec(command, input, terminal, workdir, environment, identity, ticket);
    }

    /**
     * Starts a command inside and returns when it runs. Its output is discarded, and it keeps running on its own.
     *
     * @param workdir empty: the workload's
     * @param environment NAME=value, in addition to the workload's
     * @throws LaunchException naming the step that failed
     */
    public void execDetached(
            Container container, List<String> command, String workdir, List<String> environment, Optional<User> user)
            throws IOException {
        Optional<LaunchPlan.Identity> identity = identity(container, user);
        events.publish(new ContainerEvent.Executed(container, command));
        try (ShimConnection connection = container.shim().exec(command, workdir, environment, identity)) {
            Optional<ShimMessage> message = connection.receive();
            while (message.isPresent()) {
                switch (message.get()) {
                    case ShimMessage.ExecStarted _, ShimMessage.ExecExited _ -> {
                        return;
                    }
                    case ShimMessage.Failed(var step, var errno, var detail) ->
                        throw new LaunchException(step, errno, detail);
                    case ShimMessage.Error error -> throw error.failure();
                    default -> message = connection.receive();
                }
            }
        }
        throw new InvalidSpecException("'" + container.name() + "' ended before the command ran");
    }

    /**
     * Copies files between a running container and the client that has the ticket, as the workload's user; the progress
     * is reported on the connection.
     *
     * @param options letters, as defined in native/src/shim/copy.h
     * @param path in the container
     */
    public ShimConnection copy(Container container, Shim.Copy direction, String options, String path, Ticket ticket)
            throws IOException {
        String way = direction == Shim.Copy.IN ? "--to" : "--from";
        events.publish(new ContainerEvent.Executed(container, List.of("nucleus cp", way, path)));
        return container.shim().copy(direction, options, path, ticket);
    }

    /**
     * Resolves user and group names in the container's root filesystem or, if it has none of its own, on the host,
     * whose programs it then has.
     */
    private Optional<LaunchPlan.Identity> identity(Container container, Optional<User> user) {
        if (user.isEmpty()) {
            return Optional.empty();
        }
        String rootfs =
                specification(container).path("filesystem").path("rootfs").asString("");
        return user.map(other -> Identities.resolve(other, Path.of(rootfs.isEmpty() ? "/" : rootfs)));
    }

    /** A running container and its standard input. */
    public record Attachment(Container container, ShimConnection connection) {}

    /**
     * Does everything of a launch except starting the command, which {@link #start} does.
     *
     * @throws dev.nucleus.shim.LaunchException naming the step that failed; nothing is left behind
     */
    public Container create(LaunchOrder order) {
        return launcher.create(order);
    }

    /**
     * Starts the command of a container that was created.
     *
     * @throws InvalidSpecException when it has been started already
     * @throws dev.nucleus.shim.LaunchException when its command can't be run; the container has ended then
     */
    public void start(Container container) {
        if (!container.state().canStart()) {
            throw new InvalidSpecException("'" + container.name() + "' is not waiting to be started: it "
                    + container.state().description());
        }
        try {
            container.shim().start();
            container.start().join();
        } catch (IOException e) {
            throw new UncheckedIOException("'" + container.name() + "': " + e.getMessage(), e);
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    /**
     * Sends a signal to the workload. SIGKILL ends a paused one too, and aborts copying a workspace back.
     *
     * @throws InvalidSpecException when it is not running
     */
    public void kill(Container container, Signal signal) throws IOException {
        if (signal.equals(Signal.KILL) && abortCopyBack(container)) {
            return;
        }
        requireRunning(container);
        container.shim().signal(signal);
        if (signal.equals(Signal.KILL) && container.paused()) {
            try {
                // In a version 1 hierarchy, a frozen process doesn't die before it is thawed.
                container.shim().freeze(false);
            } catch (IOException e) {
                log.debug("'{}' has ended: {}", container.name(), e.toString());
            }
        }
    }

    /**
     * Aborts copying back the workspace of a container that has ended; what has been copied until then stays, and the
     * container's copy is kept. Returns when that is done.
     *
     * @return false if nothing is being copied back
     */
    public boolean abortCopyBack(Container container) {
        if (!container.abortCopyBack()) {
            return false;
        }
        try {
            container.end().get(ABORT_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new StopFailedException(
                    "'" + container.name() + "': copying its workspace back is being aborted, but has not ended in "
                            + Durations.format(ABORT_TIMEOUT) + "; its directories may not respond",
                    true);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
        return true;
    }

    /** @throws InvalidSpecException with the container's state, when it is not running */
    public static void requireRunning(Container container) {
        if (!container.state().canExec()) {
            throw new InvalidSpecException("'" + container.name() + "' is not running: it "
                    + container.state().description());
        }
        if (container.lastProcess().isDone()) {
            throw new InvalidSpecException("'" + container.name() + "' is not running: its command has ended");
        }
    }

    /**
     * Relaunches a container that has ended, by the same order and under the same name (its ID if it had none). The new
     * container has an ID of its own and keeps the log of the old one, which is removed.
     *
     * @throws InvalidSpecException when its order is no longer known, or must not be repeated
     * @throws LaunchException naming the step that failed; the old container is kept then
     */
    public Container relaunch(Container ended) {
        checkRepeatable(ended);
        LaunchOrder order = ended.order().orElseThrow();
        Container fresh = launcher.launch(
                new LaunchOrder(Optional.of(ended.name()), order.workload(), Optional.empty(), false, _ -> {}));
        if (!replace(ended, fresh)) {
            stop(fresh, new StopSpec(Signal.KILL, Duration.ZERO));
            remove(fresh);
            throw new InvalidSpecException("'" + ended.name() + "' was removed while it was restarted");
        }
        return fresh;
    }

    /** @throws InvalidSpecException saying why {@link #relaunch} can't launch a container again */
    public void checkRepeatable(Container container) {
        if (container.record().attached()) {
            throw new InvalidSpecException("'" + container.name()
                    + "' belongs to its client and is removed when it ends; to restart it, run it with -d");
        }
        if (container.order().isEmpty()) {
            throw new InvalidSpecException("'" + container.name()
                    + "' was launched by an earlier manager, and the values of its environment are not kept on disk; "
                    + "launch it with nucleus run again");
        }
    }

    /**
     * Removes a stopped container, whose log its successor keeps as that of the previous run.
     *
     * @return false if it had been removed already
     */
    public boolean replace(Container ended, Container fresh) {
        if (!registry.remove(ended)) {
            return false;
        }
        Path previous = fresh.directory().resolve(Container.PREVIOUS_LOGS);
        try {
            if (Files.exists(ended.log().directory(), LinkOption.NOFOLLOW_LINKS)) {
                Files.move(ended.log().directory(), previous, StandardCopyOption.ATOMIC_MOVE);
            } else {
                // It wrote nothing.
                PrivateDirectories.create(previous);
            }
        } catch (IOException e) {
            log.warn("can't keep the log of '{}' from before its restart: {}", ended.name(), e.toString());
        }
        delete(ended);
        return true;
    }

    /** The specification it was launched with, with secrets hidden; a missing node if it is unknown. */
    public JsonNode specification(Container container) {
        return container
                .order()
                .map(order -> ContainerStore.specification(order.spec()))
                .orElseGet(() -> ContainerStore.specification(container.directory()));
    }

    /**
     * Stops a container and waits until it has stopped: sends the signal, and SIGKILL after the grace period.
     *
     * @throws StopFailedException when it still runs after SIGKILL, or its workspace is still being copied back
     */
    public ContainerState.Stopped stop(Container container, StopSpec how) {
        // New connections must not reach a command that is about to end.
        if (container.record().network() != null) {
            networks.withdraw(container.id());
        }
        return Stop.stop(container, how, this::forceStop);
    }

    private void forceStop(Container container, StopSpec how, Duration grace, boolean silent) throws IOException {
        if (container.isStopped()) {
            return;
        }
        // After a restart of the manager, the shim may not have reported the PID.
        Optional<InitProcess> first = InitProcess.of(container).or(() -> initProcess(container));
        if (first.isEmpty()) {
            cgroups.end(container.id());
            return;
        }
        cgroups.thaw(container.id());
        spawner.forceStop(container.id(), first.get().pid(), first.get().startTicks(), how.signal(), grace, silent);
    }

    /**
     * Finds PID 1 by the container's control group, and checks that it is still in the group once its start ticks have
     * been read: the PID may have been reused by then.
     */
    private Optional<InitProcess> initProcess(Container container) {
        OptionalInt pid = cgroups.initPid(container.id());
        return pid.stream()
                .boxed()
                .findFirst()
                .flatMap(InitProcess::of)
                .filter(_ -> cgroups.initPid(container.id()).equals(pid));
    }

    /**
     * Records on disk, for later managers too, that a container must not be started again.
     *
     * @throws UncheckedIOException when that can't be recorded
     */
    public void markStopped(Container container) {
        try {
            Files.writeString(container.directory().resolve(STOPPED), "");
        } catch (IOException e) {
            throw new UncheckedIOException("'" + container.name() + "': " + e.getMessage(), e);
        }
    }

    /**
     * Reverts {@link #markStopped}.
     *
     * @throws UncheckedIOException when that can't be done
     */
    public void unmarkStopped(Container container) {
        try {
            Files.deleteIfExists(container.directory().resolve(STOPPED));
        } catch (IOException e) {
            throw new UncheckedIOException("'" + container.name() + "': " + e.getMessage(), e);
        }
    }

    /** Whether it is marked by {@link #markStopped}. */
    public boolean isMarkedStopped(Container container) {
        return Files.exists(container.directory().resolve(STOPPED));
    }

    /**
     * Pauses or resumes all processes of a container. A pause that fails leaves the container as it was.
     *
     * @throws InvalidSpecException when it is not running
     * @throws UncheckedIOException when this host has no freezer cgroup, or when a process can't be frozen
     */
    public void pause(Container container, boolean pause) {
        container.pausing().lock();
        try {
            requireRunning(container);
            boolean before = container.paused();
            if (pause) {
                // First: probes and requests must know that the container may not answer.
                container.paused(true);
            }
            try {
                container.shim().freeze(pause);
                container.paused(pause);
            } catch (IOException e) {
                container.paused(before);
                throw new UncheckedIOException("'" + container.name() + "': " + e.getMessage(), e);
            }
        } finally {
            container.pausing().unlock();
        }
    }

    /**
     * Stores the last lines of a stopped container with the one that was started in its place, whose log then begins
     * with them.
     *
     * @param why the reason it was stopped; empty if it ended by itself
     * @throws UncheckedIOException when they can't be read or written
     */
    public void keepLastLines(Container stopped, Container next, Optional<String> why) {
        try {
            ContainerStore.keep(next.directory(), PreviousRun.of(stopped, why));
        } catch (IOException e) {
            throw new UncheckedIOException("'" + next.name() + "': " + e.getMessage(), e);
        }
    }

    /**
     * Removes a stopped container and deletes its record and logs.
     *
     * @return false if it had been removed already
     */
    public boolean remove(Container container) {
        if (!container.state().canRemove()) {
            throw new InvalidSpecException(
                    "'" + container.name() + "' is " + container.state().word() + "; stop it first");
        }
        if (!registry.remove(container)) {
            return false;
        }
        delete(container);
        return true;
    }

    private void delete(Container container) {
        container.described().join();
        try {
            ContainerStore.delete(container.directory());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        events.publish(new ContainerEvent.Removed(container));
    }

    /** All known containers, including stopped ones. */
    public Collection<Container> all() {
        return registry.all();
    }

    public Optional<Container> byId(String id) {
        return registry.byId(id);
    }

    /**
     * Finds a container by name, ID or unambiguous ID prefix.
     *
     * @throws InvalidSpecException when there is none, or more than one
     */
    public Container find(String reference) {
        return registry.find(reference);
    }

    /**
     * Takes over the containers of an earlier manager: follows those that run, and finds out how the others ended.
     *
     * @return all of them
     */
    public List<Container> adopt() throws IOException {
        return adoption.adopt();
    }

    /** Checks the name of a container run by hand. */
    public static String checkName(String name) {
        return ContainerName.check("container", name);
    }
}
