package dev.nucleus.container;

import dev.nucleus.isolation.CgroupRemains;
import dev.nucleus.isolation.CgroupUsages;
import dev.nucleus.isolation.IdRanges;
import dev.nucleus.isolation.LaunchRequest;
import dev.nucleus.isolation.Planner;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.policy.ModePolicy;
import dev.nucleus.policy.Posture;
import dev.nucleus.settings.NucleusProperties;
import dev.nucleus.settings.PrivateDirectories;
import dev.nucleus.spawner.ExitStatus;
import dev.nucleus.spawner.LaunchException;
import dev.nucleus.spawner.Shim;
import dev.nucleus.spawner.ShimConnection;
import dev.nucleus.spawner.ShimMessage;
import dev.nucleus.spawner.Spawner;
import dev.nucleus.spec.ContainerName;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.StopSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.stereotype.Component;

/**
 * All containers this manager knows, and what can be done with them. Safe for use by many threads: each container is
 * followed by one thread of its own.
 */
@Component
public final class Containers {

    private static final Logger log = LoggerFactory.getLogger(Containers.class);

    private static final String STOPPED = "stopped";
    /** What a workload has after its signal, however long what ran before took; Kubernetes' too. */
    private static final Duration LEAST_GRACE = Duration.ofSeconds(2);

    private static final Duration MOMENT = Duration.ofMillis(500);
    private static final ContainerState.Stopped STILL_RUNNING =
            new ContainerState.Stopped(Optional.empty(), Instant.MAX, Optional.empty());

    private final Planner planner;
    private final Spawner spawner;
    private final CgroupRemains cgroups;
    private final CgroupSweep sweep;
    private final CgroupUsages usages;
    private final IdRanges ranges;
    private final ContainerStore store;
    private final Copies copies;
    private final ApplicationEventPublisher events;
    private final Path sockets;
    private final Path staging;
    private final KnownContainers known = new KnownContainers();

    Containers(
            NucleusProperties properties,
            Planner planner,
            Spawner spawner,
            CgroupRemains cgroups,
            CgroupSweep sweep,
            CgroupUsages usages,
            IdRanges ranges,
            ApplicationEventPublisher events)
            throws IOException {
        this.planner = planner;
        this.spawner = spawner;
        this.cgroups = cgroups;
        this.sweep = sweep;
        this.usages = usages;
        this.ranges = ranges;
        this.events = events;
        this.store = new ContainerStore(properties.state());
        this.copies = new Copies(properties.state());
        Path run = PrivateDirectories.create(properties.run());
        this.sockets = PrivateDirectories.create(run.resolve("c"));
        this.staging = PrivateDirectories.create(run.resolve("root"));
    }

    /** The plan an order would be launched by; nothing is done. */
    public LaunchPlan plan(LaunchOrder order) {
        String id = ContainerId.next();
        try {
            return plan(order, id, ModePolicy.check(order.spec()), false);
        } finally {
            ranges.release(id);
        }
    }

    private LaunchPlan plan(LaunchOrder order, String id, Posture posture, boolean held) {
        var places = new LaunchPlan.Places(
                store.directory(id).toString(), sockets.resolve(id).toString(), staging.toString());
        return planner.plan(new LaunchRequest(
                id,
                order.name().orElse(id),
                order.spec(),
                posture,
                places,
                copies.of(id),
                order.volumes(),
                order.input(),
                held,
                order.console()));
    }

    /**
     * Launches a container and returns when its command runs.
     *
     * @throws dev.nucleus.spawner.LaunchException naming the step that failed; nothing is left behind
     * @throws dev.nucleus.policy.PolicyViolationException when its mode refuses it
     */
    public Container launch(LaunchOrder order) {
        Started started = begin(order);
        announce(started, order);
        Thread.ofVirtual()
                .name("container-", 0)
                .start(() -> follow(started.container(), started.launch(), Optional.empty()));
        return started.container();
    }

    /**
     * Launches a container and stays with it until its end; its output goes to the sink, and with its end it is
     * removed.
     *
     * @param onStart gets the container and the way to its standard input
     */
    public ContainerState.Stopped run(LaunchOrder order, OutputSink sink, Consumer<Attachment> onStart) {
        Started started = begin(order);
        onStart.accept(new Attachment(started.container(), started.launch().connection()));
        announce(started, order);
        follow(started.container(), started.launch(), Optional.of(sink));
        var stopped = (ContainerState.Stopped) started.container().state();
        if (!order.spec().security().trace()) {
            remove(started.container());
        }
        return stopped;
    }

    /**
     * The streams of a container that runs, from now on, until it ends or somebody closes the connection.
     *
     * @param onStart gets the way to its standard input
     * @return how it ended; empty: it goes on
     */
    public Optional<ExitStatus> attach(Container container, OutputSink sink, Consumer<Attachment> onStart)
            throws IOException {
        long end = container.log().tail(0).end();
        try (ShimConnection connection = container.shim().subscribe()) {
            connection.stream(0, end, true);
            // Its follower tells of what else happens.
            var launch = new Launch(container, connection, _ -> {});
            launch.awaitStart();
            onStart.accept(new Attachment(container, connection));
            return launch.follow(sink).map(ShimMessage.Exited::status);
        } catch (ClosedChannelException e) {
            return Optional.empty();
        }
    }

    /**
     * Runs a command inside with its streams attached, for an operator; its messages arrive on the connection.
     *
     * @param workdir empty: the workload's
     * @param environment NAME=value, besides the workload's
     */
    public ShimConnection exec(
            Container container,
            List<String> command,
            boolean input,
            Optional<LaunchPlan.Terminal> terminal,
            String workdir,
            List<String> environment)
            throws IOException {
        tell(new ContainerEvent.Executed(container, command));
        return container.shim().exec(command, input, terminal, workdir, environment);
    }

    /** A running container and its standard input. */
    public record Attachment(Container container, ShimConnection connection) {}

    /**
     * Does everything but start the command; {@link #start} does that.
     *
     * @throws dev.nucleus.spawner.LaunchException naming the step that failed; nothing is left behind
     */
    public Container create(LaunchOrder order) {
        Begun begun = begin(order, true);
        Container container = begun.container();
        container.describing(describe(container, order, begun.plan()));
        tell(new ContainerEvent.Confined(container, begun.plan()));
        Thread.ofVirtual().name("container-", 0).start(() -> followCreated(container, begun.launch()));
        return container;
    }

    /**
     * Starts the command of a container that was created.
     *
     * @throws InvalidSpecException when it has been started already
     * @throws dev.nucleus.spawner.LaunchException when its command can't be run; it has ended then
     */
    public void start(Container container) {
        if (!(container.state() instanceof ContainerState.Created)) {
            throw new InvalidSpecException("'" + container.name() + "' is "
                    + container.state().word() + "; only what was created and not started can be started");
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

    private void followCreated(Container container, Launch launch) {
        try {
            ContainerState.Running running = launch.awaitStart();
            container.started(running);
            tell(new ContainerEvent.Started(container, running));
            follow(container, launch, Optional.empty());
        } catch (IOException | RuntimeException e) {
            launch.close();
            ended(container, Optional.empty());
            container.notStarted(e instanceof IOException io ? new UncheckedIOException(io) : e);
        }
    }

    private record Begun(Container container, LaunchPlan plan, Launch launch, ContainerState state) {}

    private record Started(Container container, LaunchPlan plan, Launch launch, ContainerState.Running running) {}

    private Started begin(LaunchOrder order) {
        Begun begun = begin(order, false);
        return new Started(begun.container(), begun.plan(), begun.launch(), (ContainerState.Running) begun.state());
    }

    private Begun begin(LaunchOrder order, boolean held) {
        String id = ContainerId.next();
        String name = order.name().orElse(id);
        Posture posture = ModePolicy.check(order.spec());
        copies.make(id, order.spec().filesystem());
        try {
            // A rootfs that is verified for the first time may take longer than a shim waits for its plan.
            Optional<LaunchPlan> ready =
                    posture.rootfsAttested() ? Optional.of(plan(order, id, posture, held)) : Optional.empty();
            ShimConnection connection = spawner.reserve();
            try {
                return begin(order, name, ready.orElseGet(() -> plan(order, id, posture, held)), connection);
            } catch (IOException | RuntimeException e) {
                connection.close();
                throw e;
            }
        } catch (IOException e) {
            copies.remove(id);
            throw new UncheckedIOException("can't launch '" + name + "': " + e.getMessage(), e);
        } catch (RuntimeException e) {
            copies.remove(id);
            throw e;
        }
    }

    private Begun begin(LaunchOrder order, String name, LaunchPlan plan, ShimConnection connection) throws IOException {
        String id = plan.id();
        var entry = new ContainerRecord(id, name, Instant.now(), order.replica().orElse(null), order.attached());
        var description = new Container.Description(plan.statements(), plan.workload());
        var container = new Container(entry, () -> description, store.directory(id), new Shim(sockets.resolve(id)));
        known.claimName(container);
        try {
            connection.launch(plan, ContainerStore.encode(entry), order.attached());
            var launch = new Launch(container, connection, this::tell);
            ContainerState state = launch.awaitNext();
            switch (state) {
                case ContainerState.Created created -> container.created(created);
                case ContainerState.Running running -> container.started(running);
                default -> throw new IllegalStateException("a launch that is " + state.word());
            }
            known.add(container);
            return new Begun(container, plan, launch, state);
        } catch (IOException | RuntimeException e) {
            abandon(container);
            if (e instanceof LaunchException failure) {
                tell(new ContainerEvent.Failed(container, plan, failure));
            }
            throw e;
        }
    }

    /** What is left to do once the command runs. A listener that fails loses no container. */
    private void announce(Started started, LaunchOrder order) {
        Container container = started.container();
        container.describing(describe(container, order, started.plan()));
        tell(new ContainerEvent.Confined(container, started.plan()));
        tell(new ContainerEvent.Started(container, started.running()));
    }

    private void tell(ContainerEvent event) {
        try {
            events.publishEvent(event);
        } catch (RuntimeException e) {
            log.error(
                    "a listener failed at {} of '{}'",
                    event.getClass().getSimpleName(),
                    event.container().name(),
                    e);
        }
    }

    /**
     * What is only for reading is written beside the launch, not before it; and not at all for a command that is
     * over, and removed, in a moment.
     */
    private CompletableFuture<Void> describe(Container container, LaunchOrder order, LaunchPlan plan) {
        if (order.attached() && !order.spec().security().trace()) {
            return container
                    .end()
                    .completeOnTimeout(STILL_RUNNING, MOMENT.toMillis(), TimeUnit.MILLISECONDS)
                    .thenCompose(end -> end == STILL_RUNNING
                            ? writeDescription(container, order, plan)
                            : CompletableFuture.completedFuture(null));
        }
        return writeDescription(container, order, plan);
    }

    private CompletableFuture<Void> writeDescription(Container container, LaunchOrder order, LaunchPlan plan) {
        var written = new CompletableFuture<Void>();
        Thread.ofVirtual().start(() -> {
            try {
                store.describe(container.directory(), order.spec(), plan);
            } catch (IOException e) {
                // Removed meanwhile: then there is nothing to describe.
                if (known.has(container)) {
                    log.warn("can't write the plan of '{}' beside its logs: {}", container.name(), e.toString());
                }
            } finally {
                written.complete(null);
            }
        });
        return written;
    }

    private void abandon(Container container) {
        // A shim undoes what it did, unless it was killed itself.
        cgroups.remove(container.id());
        ranges.release(container.id());
        known.releaseName(container);
        known.remove(container);
        try {
            ContainerStore.delete(container.directory());
        } catch (IOException e) {
            log.warn("can't remove {}: {}", container.directory(), e.toString());
        }
    }

    private void follow(Container container, Launch launch, Optional<OutputSink> sink) {
        Optional<ShimMessage.Exited> exited = Optional.empty();
        try {
            exited = sink.isPresent() ? launch.follow(sink.get()) : launch.follow();
        } catch (IOException e) {
            log.warn("lost the shim of '{}': {}", container.name(), e.toString());
        }
        if (exited.filter(ShimMessage.Exited::hooksFollow).isPresent()) {
            Thread.ofVirtual().name("hooks-", 0).start(launch::followHooks);
        } else {
            launch.close();
        }
        ended(
                container,
                exited.map(exit -> new ContainerState.Stopped(
                        container.whileRunning().map(ContainerState.Running::startedAt),
                        exit.at(),
                        Optional.of(exit.status()))));
    }

    private void ended(Container container, Optional<ContainerState.Stopped> told) {
        ContainerState.Stopped stopped =
                told.or(() -> store.exit(container.directory())).orElseGet(() -> lost(container));
        sweep.ended(container.id());
        known.releaseName(container);
        ranges.release(container.id());
        copies.end(container.id()).ifPresent(sentence -> {
            log.info("'{}': {}", container.name(), sentence);
            container.broughtBack(sentence);
        });
        container.stopped(stopped);
        events.publishEvent(new ContainerEvent.Stopped(container, stopped));
    }

    /** Its shim was killed, or the host restarted: nobody saw how it ended, and nobody cleaned up. */
    private ContainerState.Stopped lost(Container container) {
        cgroups.remove(container.id());
        try {
            Files.deleteIfExists(container.shim().socket());
        } catch (IOException e) {
            log.warn("can't remove the socket of a shim that was killed: {}", e.toString());
        }
        return new ContainerState.Stopped(
                container.whileRunning().map(ContainerState.Running::startedAt), Instant.now(), Optional.empty());
    }

    /**
     * Asks it to end and waits until it has: the signal, after the grace SIGKILL.
     *
     * @throws UncheckedIOException when its shim can't be reached
     */
    public ContainerState.Stopped stop(Container container, StopSpec how) {
        if (container.state() instanceof ContainerState.Stopped stopped) {
            return stopped;
        }
        Duration grace = how.before().isEmpty() ? how.grace() : prepareStop(container, how);
        try {
            container.shim().stop(how.signal(), grace);
        } catch (IOException e) {
            // Its shim leaves with it: a stop that came a moment late finds nobody to ask.
            log.debug("the shim of '{}' can't be asked: {}", container.name(), e.toString());
        }
        try {
            return container.end().get(grace.toMillis() + 5_000, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new IllegalStateException(
                    "'" + container.name() + "' did not end " + how.grace()
                            + " after SIGKILL was due; is it in an uninterruptible wait?",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while stopping '" + container.name() + "'", e);
        } catch (java.util.concurrent.ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Writes down that a container is not to be started again, for a later manager to see.
     *
     * @throws UncheckedIOException when that can't be written
     */
    public void keepStopped(Container container) {
        try {
            Files.writeString(container.directory().resolve(STOPPED), "");
        } catch (IOException e) {
            throw new UncheckedIOException("'" + container.name() + "': " + e.getMessage(), e);
        }
    }

    /** Whether {@link #keepStopped} was written down of it. */
    public boolean isKeptStopped(Container container) {
        return Files.exists(container.directory().resolve(STOPPED));
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
                        captured.output().isBlank()
                                ? ""
                                : ": " + captured.output().strip());
            }
        } catch (IOException | LaunchException e) {
            log.warn("'{}': what runs before its stop failed: {}", container.name(), e.getMessage());
        }
        Duration left = how.grace().minusNanos(System.nanoTime() - begun);
        Duration least = how.grace().compareTo(LEAST_GRACE) < 0 ? how.grace() : LEAST_GRACE;
        return left.compareTo(least) < 0 ? least : left;
    }

    /**
     * Stops every process of it where it is, or lets them go on.
     *
     * @throws InvalidSpecException when it is not running
     * @throws UncheckedIOException when this host has no control group that could
     */
    public void pause(Container container, boolean pause) {
        if (!container.running()) {
            throw new InvalidSpecException("'" + container.name() + "' is not running");
        }
        try {
            container.shim().freeze(pause);
        } catch (IOException e) {
            throw new UncheckedIOException("'" + container.name() + "': " + e.getMessage(), e);
        }
        container.paused(pause);
    }

    /** Forgets a stopped container and deletes its record and logs. */
    public void remove(Container container) {
        if (!container.over()) {
            throw new InvalidSpecException(
                    "'" + container.name() + "' is " + container.state().word() + "; stop it first");
        }
        known.remove(container);
        container.described().join();
        try {
            ContainerStore.delete(container.directory());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        events.publishEvent(new ContainerEvent.Removed(container));
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
        List<Container> adopted = store.load().parallelStream().map(this::adopt).toList();
        removeStaleSockets();
        copies.removeAllBut(known.ids());
        return adopted;
    }

    private Container adopt(ContainerStore.Found found) {
        ContainerRecord entry = found.entry();
        var container = new Container(
                entry,
                () -> store.description(found.directory()),
                found.directory(),
                new Shim(sockets.resolve(entry.id())));
        known.add(container);
        try {
            var launch = new Launch(container, container.shim().subscribe(), this::tell);
            ContainerState state = launch.awaitNext();
            known.keepName(container);
            if (state instanceof ContainerState.Created created) {
                container.created(created);
                ranges.adopt(container.id(), created.pid());
                Thread.ofVirtual().name("container-", 0).start(() -> followCreated(container, launch));
                return container;
            }
            container.started((ContainerState.Running) state);
            container.whileRunning().ifPresent(running -> ranges.adopt(container.id(), running.pid()));
            container.paused(usages.frozen(container.id()));
            Thread.ofVirtual().name("container-", 0).start(() -> follow(container, launch, Optional.empty()));
            events.publishEvent(new ContainerEvent.Adopted(container));
        } catch (IOException | RuntimeException e) {
            log.debug("'{}' has no shim any more: {}", container.name(), e.toString());
            ended(container, found.exit());
        }
        return container;
    }

    private void removeStaleSockets() throws IOException {
        try (var files = Files.list(sockets)) {
            for (Path socket : files.toList()) {
                Optional<Container> owner = known.byId(socket.getFileName().toString());
                if (owner.isEmpty() || owner.get().over()) {
                    Files.deleteIfExists(socket);
                }
            }
        }
    }

    /** A name for a container run by hand. */
    public static String checkName(String name) {
        return ContainerName.check("container", name);
    }
}
