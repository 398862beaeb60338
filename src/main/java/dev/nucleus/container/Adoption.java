package dev.nucleus.container;

import dev.nucleus.cgroup.CgroupRemoval;
import dev.nucleus.cgroup.CgroupUsages;
import dev.nucleus.preparation.IdRanges;
import dev.nucleus.spawner.Shim;
import dev.nucleus.spawner.ShimConnection;
import dev.nucleus.spawner.ShimTimeoutException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
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

    private final ContainerRegistry known;
    private final ContainerDirectories places;
    private final ContainerEvents events;
    private final Follower follower;
    private final CgroupUsages usages;
    private final IdRanges ranges;
    private final CgroupRemoval cgroups;

    Adoption(
            ContainerRegistry known,
            ContainerDirectories places,
            ContainerEvents events,
            Follower follower,
            CgroupUsages usages,
            IdRanges ranges,
            CgroupRemoval cgroups) {
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
        List<Container> adopted = entries().parallelStream()
                .map(this::identify)
                .flatMap(Optional::stream)
                .map(this::adopt)
                .toList();
        try {
            removeStaleSockets();
        } catch (IOException e) {
            log.warn("can't remove the sockets of ended shims in {}: {}", places.sockets(), e.toString());
        }
        // One whose record can't be read may still have work to be brought back.
        places.copies()
                .removeAllBut(id -> known.byId(id).isPresent()
                        || Files.exists(places.store().directory(id)));
        return adopted;
    }

    /**
     * What is on disk, and what listens besides. A shim listens before it makes its container's directory, so the sockets are
     * looked at last: a launch that was under way when its manager died is in one of the two, or is given up by its shim.
     */
    private List<ContainerStore.Entry> entries() throws IOException {
        List<ContainerStore.Entry> entries = new ArrayList<>(places.store().load());
        Set<Path> directories =
                entries.stream().map(ContainerStore.Entry::directory).collect(Collectors.toSet());
        try (var sockets = Files.list(places.sockets())) {
            sockets.map(socket -> socket.getFileName().toString())
                    .filter(ContainerId::isId)
                    .filter(id -> !directories.contains(places.store().directory(id)))
                    .filter(id -> !places.shim(id).hasGone())
                    .map(id -> places.store().load(id))
                    .forEach(entries::add);
        }
        return entries;
    }

    /** @param identified whether it is known which container it is; otherwise its record is made up */
    private record Adoptee(ContainerStore.Entry.Found found, boolean identified) {}

    /** Empty: nothing of it runs, or is left. */
    private Optional<Adoptee> identify(ContainerStore.Entry entry) {
        return switch (entry) {
            case ContainerStore.Entry.Found found -> Optional.of(new Adoptee(found, true));
            case ContainerStore.Entry.Unreadable unreadable ->
                recover(unreadable)
                        .map(known -> Optional.of(new Adoptee(known, true)))
                        .orElseGet(() -> keepUnidentified(unreadable));
        };
    }

    /** From the second copy, or from the shim, which keeps what it was given. */
    private Optional<ContainerStore.Entry.Found> recover(ContainerStore.Entry.Unreadable unreadable) {
        ContainerRecord entry;
        String source;
        try {
            try {
                entry = places.store().readCopy(unreadable.id());
                source = "its second copy";
            } catch (UnreadableRecordException noCopy) {
                log.debug("{}; nor is there a second copy: {}", unreadable.why(), noCopy.getMessage());
                entry = ContainerStore.decode(places.shim(unreadable.id()).fetchRecord(), unreadable.id());
                source = "its supervisor";
            }
        } catch (IOException | UnreadableRecordException | RuntimeException e) {
            log.debug("the record of {} can't be recovered", unreadable.id(), e);
            return Optional.empty();
        }
        if (Files.exists(unreadable.directory())) {
            log.warn("{}; the record of '{}' was recovered from {}", unreadable.why(), entry.name(), source);
            restore(unreadable.directory(), entry);
        } else {
            // Once a foreground run is removed, its supervisor stays until the client has read the last output.
            log.info("'{}' has no directory; its record is from {}", entry.name(), source);
        }
        return Optional.of(new ContainerStore.Entry.Found(
                entry, unreadable.directory(), places.store().exit(unreadable.directory())));
    }

    private void restore(Path directory, ContainerRecord entry) {
        try {
            places.store().restore(directory, entry);
        } catch (IOException e) {
            log.warn("the record of '{}' can't be written again in {}: {}", entry.name(), directory, e.toString());
        }
    }

    /** Takes it for a container run by hand, by its ID: it can be listed, stopped and removed. */
    private Optional<Adoptee> keepUnidentified(ContainerStore.Entry.Unreadable unreadable) {
        String id = unreadable.id();
        Path directory = unreadable.directory();
        boolean mayRun = !places.shim(id).hasGone() || cgroups.isPopulated(id);
        if (!mayRun && places.store().isBare(directory) && !places.copies().hasWorkspace(id)) {
            log.warn("{}; nothing of it runs and it has written nothing: {} is removed", unreadable.why(), directory);
            try {
                ContainerStore.delete(directory);
            } catch (IOException e) {
                log.warn("{} can't be removed: {}", directory, e.toString());
            }
            return Optional.empty();
        }
        if (mayRun) {
            log.error(
                    "{}, and nothing else tells which container it is, but it may still run: {} until it has ended. "
                            + "To end it: nucleus stop {}",
                    unreadable.why(),
                    unreadable.name().isPresent()
                            ? "no other '" + unreadable.name().get() + "' is launched"
                            : "nothing that has a name is launched",
                    id);
        } else {
            log.warn("{}; it has ended and is kept under its ID; to remove it: nucleus rm {}", unreadable.why(), id);
        }
        var made =
                new ContainerRecord(id, unreadable.name().orElse(id), ContainerStore.createdAt(directory), null, false);
        return Optional.of(new Adoptee(
                new ContainerStore.Entry.Found(made, directory, places.store().exit(directory)),
                !mayRun || unreadable.name().isPresent()));
    }

    private Container adopt(Adoptee adoptee) {
        ContainerStore.Entry.Found found = adoptee.found();
        ContainerRecord entry = found.entry();
        var container = new Container(
                entry, () -> places.store().description(found.directory()), found.directory(), places.shim(entry.id()));
        if (!adoptee.identified()) {
            known.holdNames(container);
        }
        known.add(container);
        try {
            takeOver(container, container.shim().subscribe(FIRST_WORD));
        } catch (IOException | RuntimeException | Error e) {
            if (!(e instanceof ShimTimeoutException) && container.shim().hasGone()) {
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

    private void takeOver(Container container, ShimConnection shim) throws IOException {
        var connection = new ContainerConnection(container, shim, events::publish);
        ContainerState state;
        try {
            state = connection.awaitNext();
            shim.stay();
        } catch (IOException | RuntimeException | Error e) {
            connection.close();
            throw e;
        }
        known.keepName(container);
        if (state instanceof ContainerState.Created created) {
            container.created(created);
            ranges.adopt(container.id(), created.pid());
            follower.beginCreated(container, connection);
            return;
        }
        var running = (ContainerState.Running) state;
        ranges.adopt(container.id(), running.pid());
        container.paused(usages.frozen(container.id()));
        container.started(running);
        follower.begin(container, connection);
        events.publish(new ContainerEvent.Adopted(container));
    }

    /** Waits as long as it takes: its processes run, so it can't be taken for ended, and another must not be started. */
    private void takeOverLate(Container container, ContainerStore.Entry.Found found) {
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
    private void withoutShim(Container container, ContainerStore.Entry.Found found, Throwable why) {
        log.debug("'{}' has no shim any more: {}", container.name(), why.toString());
        if (places.copies().hasWorkspace(container.id()) || cgroups.isPopulated(container.id())) {
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
                // A shim that listens is of a container, known or not, and can't be reached without its socket.
                if ((owner.isEmpty() || owner.get().isStopped()) && new Shim(socket).hasGone()) {
                    Files.deleteIfExists(socket);
                }
            }
        }
    }
}
