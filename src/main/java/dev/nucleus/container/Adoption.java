package dev.nucleus.container;

import dev.nucleus.cgroup.CgroupRemoval;
import dev.nucleus.cgroup.CgroupUsages;
import dev.nucleus.network.Networks;
import dev.nucleus.network.RunningMember;
import dev.nucleus.preparation.IdRanges;
import dev.nucleus.shim.Shim;
import dev.nucleus.shim.ShimConnection;
import dev.nucleus.shim.ShimTimeoutException;
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

    /** Time allowed for a shim to report its container's state, on a host that starts hundreds of containers. */
    private static final Duration FIRST_MESSAGE_TIMEOUT = Duration.ofSeconds(10);

    private static final Duration RETRY_INTERVAL = Duration.ofSeconds(1);

    private final ContainerRegistry registry;
    private final ContainerDirectories directories;
    private final ContainerEvents events;
    private final Follower follower;
    private final CgroupUsages usages;
    private final IdRanges ranges;
    private final CgroupRemoval cgroups;
    private final Networks networks;

    Adoption(
            ContainerRegistry registry,
            ContainerDirectories directories,
            ContainerEvents events,
            Follower follower,
            CgroupUsages usages,
            IdRanges ranges,
            CgroupRemoval cgroups,
            Networks networks) {
        this.registry = registry;
        this.directories = directories;
        this.events = events;
        this.follower = follower;
        this.usages = usages;
        this.ranges = ranges;
        this.cgroups = cgroups;
        this.networks = networks;
    }

    /** See {@link Containers#adopt}. */
    List<Container> adopt() throws IOException {
        List<Container> adopted = entries().parallelStream()
                .map(this::identify)
                .flatMap(Optional::stream)
                .map(this::adopt)
                .toList();
        networks.synchronize(adopted.stream()
                .filter(container -> !container.lastProcess().isDone())
                .flatMap(container -> Optional.ofNullable(container.record().network())
                        .map(record -> new RunningMember(
                                container.record().member(),
                                record,
                                container.record().replica() == null))
                        .stream())
                .toList());
        // One may have ended meanwhile, before its addresses were known here.
        adopted.stream()
                .filter(container -> container.lastProcess().isDone())
                .forEach(container -> networks.release(container.id()));
        try {
            removeStaleSockets();
        } catch (IOException e) {
            log.warn("can't remove stale shim sockets in {}: {}", directories.sockets(), e.toString());
        }
        // A container whose record can't be read may still have a workspace to copy back.
        directories
                .copies()
                .removeAllBut(id -> registry.byId(id).isPresent()
                        || Files.exists(directories.store().directory(id)));
        return adopted;
    }

    /**
     * The containers on disk, and those of which only the shim is found. A shim listens before it creates its
     * container's directory, so the sockets are listed last: a launch that was in progress when its manager died is
     * found in one of the two places, or its shim gives it up.
     */
    private List<ContainerStore.Entry> entries() throws IOException {
        List<ContainerStore.Entry> entries = new ArrayList<>(directories.store().load());
        Set<Path> recorded =
                entries.stream().map(ContainerStore.Entry::directory).collect(Collectors.toSet());
        try (var sockets = Files.list(directories.sockets())) {
            sockets.map(socket -> socket.getFileName().toString())
                    .filter(ContainerId::isId)
                    .filter(id -> !recorded.contains(directories.store().directory(id)))
                    .filter(id -> !directories.shim(id).hasExited())
                    .map(id -> directories.store().load(id))
                    .forEach(entries::add);
        }
        return entries;
    }

    /** @param identified whether the container was identified; if not, its record is a placeholder */
    private record Adoptee(ContainerStore.Entry.Found found, boolean identified) {}

    /** Identifies the container of an entry. Empty if nothing of it runs and it left no data. */
    private Optional<Adoptee> identify(ContainerStore.Entry entry) {
        return switch (entry) {
            case ContainerStore.Entry.Found found -> Optional.of(new Adoptee(found, true));
            case ContainerStore.Entry.Unreadable unreadable ->
                recover(unreadable)
                        .map(recovered -> Optional.of(new Adoptee(recovered, true)))
                        .orElseGet(() -> keepUnidentified(unreadable));
        };
    }

    /** Reads the record from its second copy, or from the shim, which keeps the one it was launched with. */
    private Optional<ContainerStore.Entry.Found> recover(ContainerStore.Entry.Unreadable unreadable) {
        ContainerRecord entry;
        String source;
        try {
            try {
                entry = directories.store().readCopy(unreadable.id());
                source = "its second copy";
            } catch (UnreadableRecordException noCopy) {
                log.debug("{}; its second copy can't be used either: {}", unreadable.why(), noCopy.getMessage());
                entry = ContainerStore.decode(directories.shim(unreadable.id()).fetchRecord(), unreadable.id());
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
                entry, unreadable.directory(), directories.store().exit(unreadable.directory())));
    }

    private void restore(Path directory, ContainerRecord entry) {
        try {
            directories.store().restore(directory, entry);
        } catch (IOException e) {
            log.warn("can't rewrite the record of '{}' in {}: {}", entry.name(), directory, e.toString());
        }
    }

    /** Treats it as a container run by hand and named by its ID, so that it can be listed, stopped and removed. */
    private Optional<Adoptee> keepUnidentified(ContainerStore.Entry.Unreadable unreadable) {
        String id = unreadable.id();
        Path directory = unreadable.directory();
        boolean mayRun = !directories.shim(id).hasExited() || cgroups.isPopulated(id);
        if (!mayRun
                && directories.store().isBare(directory)
                && !directories.copies().hasWorkspace(id)) {
            log.warn("{}; no process of it runs and it wrote no output: removing {}", unreadable.why(), directory);
            try {
                ContainerStore.delete(directory);
            } catch (IOException e) {
                log.warn("can't remove {}: {}", directory, e.toString());
            }
            return Optional.empty();
        }
        if (mayRun) {
            log.error(
                    "{}, and the container can't be identified in another way, but it may still run: {} until it has "
                            + "stopped. To stop it: nucleus stop {}",
                    unreadable.why(),
                    unreadable.name().isPresent()
                            ? "no other container named '" + unreadable.name().get() + "' is launched"
                            : "no container with a name is launched",
                    id);
        } else {
            log.warn("{}; it has stopped and is kept under its ID; to remove it: nucleus rm {}", unreadable.why(), id);
        }
        var made =
                new ContainerRecord(id, unreadable.name().orElse(id), ContainerStore.createdAt(directory), null, false);
        return Optional.of(new Adoptee(
                new ContainerStore.Entry.Found(
                        made, directory, directories.store().exit(directory)),
                !mayRun || unreadable.name().isPresent()));
    }

    private Container adopt(Adoptee adoptee) {
        ContainerStore.Entry.Found found = adoptee.found();
        ContainerRecord entry = found.entry();
        var container = new Container(
                entry,
                () -> directories.store().description(found.directory()),
                found.directory(),
                directories.shim(entry.id()));
        if (!adoptee.identified()) {
            registry.holdNames(container);
        }
        registry.add(container);
        try {
            takeOver(container, container.shim().subscribe(FIRST_MESSAGE_TIMEOUT));
        } catch (IOException | RuntimeException | Error e) {
            if (!(e instanceof ShimTimeoutException) && container.shim().hasExited()) {
                withoutShim(container, found, e);
            } else {
                log.error(
                        "can't adopt '{}': its shim does not answer ({}); retrying until it answers or exits",
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
            shim.cancelDeadline();
        } catch (IOException | RuntimeException | Error e) {
            connection.close();
            throw e;
        }
        registry.keepName(container);
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

    /**
     * Retries until it succeeds: the container's processes run, so it must not be reported as stopped, and no other may
     * be started in its place.
     */
    private void takeOverLate(Container container, ContainerStore.Entry.Found found) {
        while (true) {
            try {
                takeOver(container, container.shim().subscribe());
                log.info("adopted '{}': its shim answers", container.name());
                return;
            } catch (IOException | RuntimeException | Error e) {
                if (container.shim().hasExited()) {
                    withoutShim(container, found, e);
                    return;
                }
                log.debug("'{}' can't be adopted yet: {}", container.name(), e.toString());
            }
            try {
                Thread.sleep(RETRY_INTERVAL);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    /**
     * Handles the end of a container whose shim has exited. Neither the manager's start nor other containers wait while
     * its workspace is copied back, or for killed processes that don't exit.
     */
    private void withoutShim(Container container, ContainerStore.Entry.Found found, Throwable why) {
        log.debug("the shim of '{}' has exited: {}", container.name(), why.toString());
        if (directories.copies().hasWorkspace(container.id()) || cgroups.isPopulated(container.id())) {
            keepWhatItHas(container);
            Thread.ofVirtual().name("adoption-", 0).start(() -> follower.ended(container, found.exit()));
        } else {
            follower.ended(container, found.exit());
        }
    }

    /** Keeps its name and its user ID range: no other container gets them before it has stopped. */
    private void keepWhatItHas(Container container) {
        registry.keepName(container);
        cgroups.processes(container.id()).forEach(pid -> ranges.adopt(container.id(), pid));
    }

    private void removeStaleSockets() throws IOException {
        try (var files = Files.list(directories.sockets())) {
            for (Path socket : files.toList()) {
                Optional<Container> owner = registry.byId(socket.getFileName().toString());
                // A listening shim supervises a container, known or not, and can't be reached without its socket.
                if ((owner.isEmpty() || owner.get().isStopped()) && new Shim(socket).hasExited()) {
                    Files.deleteIfExists(socket);
                }
            }
        }
    }
}
