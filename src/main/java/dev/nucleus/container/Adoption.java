package dev.nucleus.container;

import dev.nucleus.isolation.CgroupRemains;
import dev.nucleus.isolation.CgroupUsages;
import dev.nucleus.isolation.IdRanges;
import dev.nucleus.spawner.NoAnswerException;
import dev.nucleus.spawner.ShimConnection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Takes over the containers of an earlier manager. */
@Component
final class Adoption {

    private static final Logger log = LoggerFactory.getLogger(Adoption.class);

    /** What a shim may take to tell of its container, on a host that starts hundreds of them. */
    private static final Duration FIRST_WORD = Duration.ofSeconds(10);

    private static final Duration BETWEEN_TRIES = Duration.ofSeconds(1);

    private final KnownContainers known;
    private final ContainerPlaces places;
    private final ContainerEvents events;
    private final Follower follower;
    private final CgroupUsages usages;
    private final IdRanges ranges;
    private final CgroupRemains cgroups;

    Adoption(
            KnownContainers known,
            ContainerPlaces places,
            ContainerEvents events,
            Follower follower,
            CgroupUsages usages,
            IdRanges ranges,
            CgroupRemains cgroups) {
        this.known = known;
        this.places = places;
        this.events = events;
        this.follower = follower;
        this.usages = usages;
        this.ranges = ranges;
        this.cgroups = cgroups;
    }

    /** See {@link Containers#adopt}. */
    List<Container> adopt() throws IOException {
        List<Container> adopted =
                places.store().load().parallelStream().map(this::adopt).toList();
        try {
            removeStaleSockets();
        } catch (IOException e) {
            log.warn("can't remove the sockets of shims that are gone in {}: {}", places.sockets(), e.toString());
        }
        // One whose record can't be read may still have work to be brought back.
        places.copies()
                .removeAllBut(id -> known.byId(id).isPresent()
                        || Files.exists(places.store().directory(id)));
        return adopted;
    }

    private Container adopt(ContainerStore.Found found) {
        ContainerRecord entry = found.entry();
        var container = new Container(
                entry, () -> places.store().description(found.directory()), found.directory(), places.shim(entry.id()));
        known.add(container);
        try {
            takeOver(container, container.shim().subscribe(FIRST_WORD));
        } catch (IOException | RuntimeException | Error e) {
            if (!(e instanceof NoAnswerException) && container.shim().hasGone()) {
                withoutShim(container, found, e);
            } else {
                log.error(
                        "can't adopt '{}': its shim does not answer ({}); trying until it does, or the container is stopped",
                        container.name(),
                        e.toString());
                keepWhatItHas(container);
                Thread.ofVirtual().name("adoption-", 0).start(() -> takeOverLate(container, found));
            }
        }
        return container;
    }

    private void takeOver(Container container, ShimConnection connection) throws IOException {
        var launch = new Launch(container, connection, events::tell);
        ContainerState state;
        try {
            state = launch.awaitNext();
            connection.stay();
        } catch (IOException | RuntimeException | Error e) {
            launch.close();
            throw e;
        }
        known.keepName(container);
        if (state instanceof ContainerState.Created created) {
            container.created(created);
            ranges.adopt(container.id(), created.pid());
            follower.beginCreated(container, launch);
            return;
        }
        var running = (ContainerState.Running) state;
        ranges.adopt(container.id(), running.pid());
        container.paused(usages.frozen(container.id()));
        container.started(running);
        follower.begin(container, launch);
        events.tell(new ContainerEvent.Adopted(container));
    }

    /** Waits as long as it takes: its processes run, so it can't be taken for ended, and another must not be started. */
    private void takeOverLate(Container container, ContainerStore.Found found) {
        while (true) {
            try {
                takeOver(container, container.shim().subscribe());
                log.info("adopted '{}': its shim answers", container.name());
                return;
            } catch (IOException | RuntimeException | Error e) {
                if (container.shim().hasGone()) {
                    withoutShim(container, found, e);
                    return;
                }
                log.debug("'{}' can't be adopted yet: {}", container.name(), e.toString());
            }
            try {
                Thread.sleep(BETWEEN_TRIES);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    /**
     * Neither the start nor other containers wait for a workspace that is brought back, or for processes that were killed
     * and don't exit.
     */
    private void withoutShim(Container container, ContainerStore.Found found, Throwable why) {
        log.debug("'{}' has no shim any more: {}", container.name(), why.toString());
        if (places.copies().hasWorkspace(container.id()) || cgroups.inhabited(container.id())) {
            keepWhatItHas(container);
            Thread.ofVirtual().name("adoption-", 0).start(() -> follower.ended(container, found.exit()));
        } else {
            follower.ended(container, found.exit());
        }
    }

    /** Its name, and its range of users: no other container gets them before it has ended. */
    private void keepWhatItHas(Container container) {
        known.keepName(container);
        cgroups.processes(container.id()).forEach(pid -> ranges.adopt(container.id(), pid));
    }

    private void removeStaleSockets() throws IOException {
        try (var files = Files.list(places.sockets())) {
            for (Path socket : files.toList()) {
                Optional<Container> owner = known.byId(socket.getFileName().toString());
                if (owner.isEmpty() || owner.get().over()) {
                    Files.deleteIfExists(socket);
                }
            }
        }
    }
}
