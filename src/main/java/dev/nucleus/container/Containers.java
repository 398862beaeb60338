package dev.nucleus.container;

import dev.nucleus.cgroup.CgroupRemoval;
import dev.nucleus.log.OutputSink;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.preparation.Identities;
import dev.nucleus.settings.PrivateDirectories;
import dev.nucleus.spawner.LaunchException;
import dev.nucleus.spawner.Shim;
import dev.nucleus.spawner.ShimConnection;
import dev.nucleus.spawner.ShimMessage;
import dev.nucleus.spawner.Spawner;
import dev.nucleus.spawner.Ticket;
import dev.nucleus.spec.ContainerName;
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
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/**
 * All containers this manager knows, and what can be done with them. Safe for use by many threads: each container is
 * followed by one thread of its own.
 */
@Component
public final class Containers {

    private static final Logger log = LoggerFactory.getLogger(Containers.class);

    private static final String STOPPED = "stopped";

    private final ContainerRegistry known;
    private final ContainerEvents events;
    private final Launcher launcher;
    private final Adoption adoption;
    private final Spawner spawner;
    private final CgroupRemoval cgroups;

    Containers(
            ContainerRegistry known,
            ContainerEvents events,
            Launcher launcher,
            Adoption adoption,
            Spawner spawner,
            CgroupRemoval cgroups) {
        this.known = known;
        this.events = events;
        this.launcher = launcher;
        this.adoption = adoption;
        this.spawner = spawner;
        this.cgroups = cgroups;
    }

    /** The plan an order would be launched by; nothing is done. */
    public LaunchPlan plan(LaunchOrder order) {
        return launcher.plan(order);
    }

    /**
     * Launches a container and returns when its command runs.
     *
     * @throws dev.nucleus.spawner.LaunchException naming the step that failed; nothing is left behind
     * @throws dev.nucleus.policy.PolicyViolationException when its mode refuses it
     */
    public Container launch(LaunchOrder order) {
        return launcher.launch(order);
    }

    /**
     * Launches a container and stays with it until its end; its output goes to the sink, and with its end it is
     * removed.
     *
     * @param onStart gets the container and the way to its standard input
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
     * Launches a container whose streams are for the client with a ticket, and stays with it until its end. It is known no
     * more when its end is told, and what it leaves is deleted after.
     *
     * @param onStart gets the container when its command runs
     * @param onEnd gets how it ended
     */
    public void run(
            LaunchOrder order, Ticket ticket, Consumer<Container> onStart, Consumer<ContainerState.Stopped> onEnd) {
        Container container = launcher.run(order, ticket, onStart);
        var stopped = (ContainerState.Stopped) container.state();
        boolean kept = order.spec().security().trace();
        if (!kept) {
            known.remove(container);
        }
        onEnd.accept(stopped);
        if (!kept) {
            delete(container);
        }
    }

    /**
     * Runs a command inside, with streams for the client that has the ticket; how it goes is told on the connection.
     *
     * @param workdir empty: the workload's
     * @param environment NAME=value, besides the workload's
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
     * Starts a command inside and returns when it runs. Nobody reads its output, and it goes on by itself.
     *
     * @param workdir empty: the workload's
     * @param environment NAME=value, besides the workload's
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
     * Copies files between a running container and the client that has the ticket, as the workload's user; how it goes is
     * told on the connection.
     *
     * @param options letters, as native/src/shim/copy.h has them
     * @param path in the container
     */
    public ShimConnection copy(Container container, Shim.Copy direction, String options, String path, Ticket ticket)
            throws IOException {
        String way = direction == Shim.Copy.IN ? "--to" : "--from";
        events.publish(new ContainerEvent.Executed(container, List.of("nucleus cp", way, path)));
        return container.shim().copy(direction, options, path, ticket);
    }

    /** Names are the container's own: of its root filesystem, else of the host, whose programs it has then. */
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
     * Does everything but start the command; {@link #start} does that.
     *
     * @throws dev.nucleus.spawner.LaunchException naming the step that failed; nothing is left behind
     */
    public Container create(LaunchOrder order) {
        return launcher.create(order);
    }

    /**
     * Starts the command of a container that was created.
     *
     * @throws InvalidSpecException when it has been started already
     * @throws dev.nucleus.spawner.LaunchException when its command can't be run; it has ended then
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
     * Sends a signal to its workload. SIGKILL ends a paused one too.
     *
     * @throws InvalidSpecException when it is not running
     */
    public void kill(Container container, Signal signal) throws IOException {
        requireRunning(container);
        container.shim().signal(signal);
        if (signal.equals(Signal.KILL) && container.paused()) {
            try {
                // In a version 1 hierarchy a frozen process does not even die.
                container.shim().freeze(false);
            } catch (IOException e) {
                log.debug("'{}' has ended: {}", container.name(), e.toString());
            }
        }
    }

    /** @throws InvalidSpecException saying what it is instead, when it is not running */
    public static void requireRunning(Container container) {
        if (!container.state().canExec()) {
            throw new InvalidSpecException("'" + container.name() + "' is not running: it "
                    + container.state().description());
        }
    }

    /**
     * Launches a container again that has ended: by the same order and under the same name, which is its ID where it had no
     * other. The new one has an ID of its own and keeps the log of the one before, which is removed.
     *
     * @throws InvalidSpecException when its order is not known any more, or is not to be repeated
     * @throws LaunchException naming the step that failed; the one before is still there then
     */
    public Container relaunch(Container ended) {
        checkRepeatable(ended);
        LaunchOrder order = ended.order().orElseThrow();
        Container fresh = launcher.launch(
                new LaunchOrder(Optional.of(ended.name()), order.workload(), Optional.empty(), false, _ -> {}));
        replace(ended, fresh);
        return fresh;
    }

    /** @throws InvalidSpecException saying why {@link #relaunch} can't launch a container again */
    public void checkRepeatable(Container container) {
        if (container.record().attached()) {
            throw new InvalidSpecException("'" + container.name()
                    + "' belongs to the client that runs it and is removed with its end; run it with -d to restart it");
        }
        if (container.order().isEmpty()) {
            throw new InvalidSpecException("'" + container.name()
                    + "' was launched by an earlier manager, and the values of its environment are not kept on disk; "
                    + "launch it with nucleus run again");
        }
    }

    /** Removes a stopped container, whose log another one keeps as that of the run before. */
    public void replace(Container ended, Container fresh) {
        if (!known.has(ended)) {
            return;
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
            log.warn("the log of '{}' before its restart is lost: {}", ended.name(), e.toString());
        }
        remove(ended);
    }

    /** What it was launched by, with secrets hidden; a missing node when nothing is known of that. */
    public JsonNode specification(Container container) {
        return container
                .order()
                .map(order -> ContainerStore.specification(order.spec()))
                .orElseGet(() -> ContainerStore.specification(container.directory()));
    }

    /**
     * Asks it to end and waits until it has: the signal, after the grace SIGKILL.
     *
     * @throws UncheckedIOException when its shim can't be reached
     */
    public ContainerState.Stopped stop(Container container, StopSpec how) {
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

    /** Found by its control group, and still in it once its start ticks have been read: another may have its PID by then. */
    private Optional<InitProcess> initProcess(Container container) {
        OptionalInt pid = cgroups.initPid(container.id());
        return pid.stream()
                .boxed()
                .findFirst()
                .flatMap(InitProcess::of)
                .filter(_ -> cgroups.initPid(container.id()).equals(pid));
    }

    /**
     * Writes down that a container is not to be started again, for a later manager to see.
     *
     * @throws UncheckedIOException when that can't be written
     */
    public void markStopped(Container container) {
        try {
            Files.writeString(container.directory().resolve(STOPPED), "");
        } catch (IOException e) {
            throw new UncheckedIOException("'" + container.name() + "': " + e.getMessage(), e);
        }
    }

    /**
     * Takes back {@link #markStopped}.
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

    /** Whether {@link #markStopped} was written down of it. */
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
                // First: probes and requests must know that there may be no answer.
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
     * Keeps the last lines of a container that has stopped with the one that was started in its place, where its log
     * begins with them.
     *
     * @throws UncheckedIOException when they can't be read or written
     */
    public void keepLastLines(Container stopped, Container next) {
        try {
            ContainerStore.keep(next.directory(), PreviousRun.of(stopped));
        } catch (IOException e) {
            throw new UncheckedIOException("'" + next.name() + "': " + e.getMessage(), e);
        }
    }

    /** Forgets a stopped container and deletes its record and logs. */
    public void remove(Container container) {
        if (!container.state().canRemove()) {
            throw new InvalidSpecException(
                    "'" + container.name() + "' is " + container.state().word() + "; stop it first");
        }
        known.remove(container);
        delete(container);
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

    /** All that are known, also those that have stopped. */
    public Collection<Container> all() {
        return known.all();
    }

    public Optional<Container> byId(String id) {
        return known.byId(id);
    }

    /**
     * By name, id, or a beginning of an id that only one has.
     *
     * @throws InvalidSpecException when there is none, or more than one
     */
    public Container find(String reference) {
        return known.find(reference);
    }

    /**
     * Takes over what an earlier manager left: follows containers that run, and learns how those ended that don't.
     *
     * @return all of them
     */
    public List<Container> adopt() throws IOException {
        return adoption.adopt();
    }

    /** A name for a container run by hand. */
    public static String checkName(String name) {
        return ContainerName.check("container", name);
    }
}
