package dev.nucleus.container;

import dev.nucleus.cgroup.CgroupRemoval;
import dev.nucleus.isolation.Planner;
import dev.nucleus.log.OutputSink;
import dev.nucleus.network.AssignedNetworks;
import dev.nucleus.network.Networks;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.policy.ModePolicy;
import dev.nucleus.policy.Posture;
import dev.nucleus.preparation.IdRanges;
import dev.nucleus.preparation.LaunchRequest;
import dev.nucleus.preparation.Preparation;
import dev.nucleus.shim.LaunchException;
import dev.nucleus.shim.ShimConnection;
import dev.nucleus.shim.Ticket;
import dev.nucleus.spawner.Spawner;
import dev.nucleus.spec.Network;
import dev.nucleus.spec.Signal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Plans and launches containers, and undoes a launch that failed. */
@Component
final class Launcher {

    private static final Logger log = LoggerFactory.getLogger(Launcher.class);

    private static final Duration MOMENT = Duration.ofMillis(500);
    private static final ContainerState.Stopped STILL_RUNNING =
            new ContainerState.Stopped(Optional.empty(), Instant.MAX, Optional.empty());

    private final ContainerRegistry registry;
    private final ContainerDirectories directories;
    private final ContainerEvents events;
    private final Follower follower;
    private final Preparation preparation;
    private final Planner planner;
    private final Spawner spawner;
    private final CgroupRemoval cgroups;
    private final IdRanges ranges;
    private final Networks networks;

    Launcher(
            ContainerRegistry registry,
            ContainerDirectories directories,
            ContainerEvents events,
            Follower follower,
            Preparation preparation,
            Planner planner,
            Spawner spawner,
            CgroupRemoval cgroups,
            IdRanges ranges,
            Networks networks) {
        this.registry = registry;
        this.directories = directories;
        this.events = events;
        this.follower = follower;
        this.preparation = preparation;
        this.planner = planner;
        this.spawner = spawner;
        this.cgroups = cgroups;
        this.ranges = ranges;
        this.networks = networks;
    }

    /** See {@link Containers#plan}. */
    LaunchPlan plan(LaunchOrder order) {
        LaunchRequest request = request(
                order,
                ContainerId.next(),
                ModePolicy.check(order.spec()),
                false,
                LaunchRequest.Sources.NONE,
                LaunchRequest.NetworkAccess.NONE);
        planner.check(request);
        return planner.plan(preparation.preview(request));
    }

    private LaunchRequest request(
            LaunchOrder order,
            String id,
            Posture posture,
            boolean held,
            LaunchRequest.Sources sources,
            LaunchRequest.NetworkAccess access) {
        return new LaunchRequest(
                id,
                order.name().orElse(id),
                order.workload(),
                posture,
                directories.of(id),
                directories.copies().of(id),
                held,
                sources,
                access);
    }

    /** See {@link Containers#launch}. */
    Container launch(LaunchOrder order) {
        Started started = begin(order);
        announce(started, order);
        follower.begin(started.container(), started.connection());
        return started.container();
    }

    /** See {@link Containers#run}; the container has ended when it returns. */
    Container run(LaunchOrder order, OutputSink sink, Consumer<Containers.Attachment> onStart) {
        Started started = begin(order);
        var attachment = new Containers.Attachment(
                started.container(), started.connection().shim());
        runOrKill(started, order, () -> onStart.accept(attachment));
        announce(started, order);
        follower.follow(started.container(), started.connection(), Optional.of(sink));
        return started.container();
    }

    /** See {@link Containers#run}; the container has ended when it returns. */
    Container run(LaunchOrder order, Ticket ticket, Consumer<Container> onStart) {
        Started started = started(begin(order, false, Optional.of(ticket)));
        runOrKill(started, order, () -> onStart.accept(started.container()));
        announce(started, order);
        follower.follow(started.container(), started.connection(), Optional.empty());
        return started.container();
    }

    /** Runs the callback. When that fails, the container is killed, followed to its end, and removed. */
    private void runOrKill(Started started, LaunchOrder order, Runnable callback) {
        try {
            callback.run();
        } catch (RuntimeException | Error e) {
            Container container = started.container();
            try {
                container.shim().signal(Signal.KILL);
            } catch (IOException gone) {
                e.addSuppressed(gone);
            }
            try {
                announce(started, order);
            } catch (RuntimeException | Error unannounced) {
                e.addSuppressed(unannounced);
            }
            try {
                follower.follow(container, started.connection(), Optional.empty());
                registry.remove(container);
                container.described().join();
                ContainerStore.delete(container.directory());
                events.publish(new ContainerEvent.Removed(container));
            } catch (IOException | RuntimeException | Error left) {
                e.addSuppressed(left);
            }
            throw e;
        }
    }

    /** See {@link Containers#create}. */
    Container create(LaunchOrder order) {
        Begun begun = begin(order, true, Optional.empty());
        Container container = begun.container();
        container.setDescriptionWrite(describe(container, order, begun.plan()));
        events.publish(new ContainerEvent.Confined(container, begun.plan()));
        follower.beginCreated(container, begun.connection());
        return container;
    }

    private record Begun(Container container, LaunchPlan plan, ContainerConnection connection, ContainerState state) {}

    private record Started(
            Container container, LaunchPlan plan, ContainerConnection connection, ContainerState.Running running) {}

    private Started begin(LaunchOrder order) {
        return started(begin(order, false, Optional.empty()));
    }

    private static Started started(Begun begun) {
        return new Started(begun.container(), begun.plan(), begun.connection(), (ContainerState.Running) begun.state());
    }

    private Begun begin(LaunchOrder order, boolean held, Optional<Ticket> ticket) {
        String id = ContainerId.next();
        String name = order.name().orElse(id);
        Posture posture = ModePolicy.check(order.spec());
        var plan = new AtomicReference<@Nullable LaunchPlan>();
        var bare = new ContainerRecord(id, name, Instant.now(), order.replica().orElse(null), order.attached());
        if (order.spec().network() == Network.BRIDGE) {
            // What this host doesn't support is refused before anything is changed for it.
            planner.check(
                    request(order, id, posture, held, LaunchRequest.Sources.NONE, LaunchRequest.NetworkAccess.NONE));
        }
        AssignedNetworks access = networks.attach(bare.member(), order.spec());
        ContainerRecord entry = bare.on(access.record());
        var container = new Container(
                entry, () -> description(plan.get()), directories.store().directory(id), directories.shim(id));
        container.orderedBy(order);
        // Before the workspace is read: a container of this name may still be copying its workspace back, which must
        // not be copied half
        // written.
        claimName(container);
        Consumer<String> progress = message -> {
            log.info("'{}': {}", name, message);
            order.progress().accept(message);
        };
        container.setProgressListener(order.progress());
        try (WorkspaceCopies.Sources opened =
                directories.copies().make(id, order.spec().filesystem(), progress)) {
            var sources = new LaunchRequest.Sources(opened.context(), opened.workspace());
            LaunchRequest request = request(order, id, posture, held, sources, access.access());
            // Verifying a rootfs for the first time may take longer than a shim waits for its plan.
            Optional<LaunchPlan> ready =
                    posture.rootfsAttested() ? Optional.of(preparedPlan(request)) : Optional.empty();
            ShimConnection shim = spawner.reserve();
            try {
                plan.set(ready.orElseGet(() -> preparedPlan(request)));
                return begin(order, container, Objects.requireNonNull(plan.get()), shim, ticket);
            } catch (IOException | RuntimeException | Error e) {
                shim.close();
                throw e;
            }
        } catch (IOException e) {
            forget(container);
            throw new UncheckedIOException("can't launch '" + name + "': " + e.getMessage(), e);
        } catch (RuntimeException | Error e) {
            forget(container);
            throw e;
        }
    }

    private void claimName(Container container) {
        try {
            registry.claimName(container);
        } catch (RuntimeException | Error e) {
            networks.release(container.id());
            throw e;
        }
    }

    private LaunchPlan preparedPlan(LaunchRequest request) {
        planner.check(request);
        return planner.plan(preparation.prepare(request));
    }

    private static Container.Description description(@Nullable LaunchPlan plan) {
        return plan == null
                ? new Container.Description(List.of(), List.of(), false)
                : new Container.Description(
                        plan.statements(),
                        plan.workload(),
                        plan.streams().console().isPresent());
    }

    private void forget(Container container) {
        try {
            directories.copies().remove(container.id());
        } finally {
            ranges.release(container.id());
            networks.release(container.id());
            registry.releaseName(container);
        }
    }

    private Begun begin(
            LaunchOrder order, Container container, LaunchPlan plan, ShimConnection shim, Optional<Ticket> ticket)
            throws IOException {
        try {
            byte[] entry = ContainerStore.encode(container.record());
            if (ticket.isPresent()) {
                shim.launch(plan, entry, ticket.get());
            } else {
                shim.launch(plan, entry, order.attached());
            }
            var connection = new ContainerConnection(container, shim, events::publish);
            ContainerState state = connection.awaitNext();
            switch (state) {
                case ContainerState.Created created -> container.created(created);
                case ContainerState.Running running -> container.started(running);
                default -> throw new IllegalStateException("unexpected state after a launch: " + state.word());
            }
            registry.add(container);
            return new Begun(container, plan, connection, state);
        } catch (IOException | RuntimeException | Error e) {
            abandon(container);
            if (e instanceof LaunchException failure) {
                events.publish(new ContainerEvent.Failed(container, plan, failure));
            }
            throw e;
        }
    }

    /** Publishes the events of a launch and writes the description, once the command runs. */
    private void announce(Started started, LaunchOrder order) {
        Container container = started.container();
        container.setDescriptionWrite(describe(container, order, started.plan()));
        events.publish(new ContainerEvent.Confined(container, started.plan()));
        events.publish(new ContainerEvent.Started(container, started.running()));
    }

    /**
     * Writes the description for people in the background, so that the launch doesn't wait for it; and not at all for
     * an attached container that ends, and is removed, within {@link #MOMENT}.
     */
    @SuppressWarnings("ReferenceEquality") // A sentinel, compared by identity.
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
                directories.store().describe(container.directory(), container.record(), order.spec(), plan);
            } catch (IOException e) {
                // If it was removed meanwhile, there is nothing to describe.
                if (registry.has(container)) {
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
        networks.release(container.id());
        registry.releaseName(container);
        registry.remove(container);
        try {
            ContainerStore.delete(container.directory());
        } catch (IOException e) {
            log.warn("can't remove {}: {}", container.directory(), e.toString());
        }
    }
}
