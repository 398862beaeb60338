package dev.nucleus.container;

import dev.nucleus.isolation.CgroupUsages;
import dev.nucleus.isolation.IdRanges;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Takes over the containers of an earlier manager. */
@Component
final class Adoption {

    private static final Logger log = LoggerFactory.getLogger(Adoption.class);

    private final KnownContainers known;
    private final ContainerPlaces places;
    private final ContainerEvents events;
    private final Follower follower;
    private final CgroupUsages usages;
    private final IdRanges ranges;

    Adoption(
            KnownContainers known,
            ContainerPlaces places,
            ContainerEvents events,
            Follower follower,
            CgroupUsages usages,
            IdRanges ranges) {
        this.known = known;
        this.places = places;
        this.events = events;
        this.follower = follower;
        this.usages = usages;
        this.ranges = ranges;
    }

    /** See {@link Containers#adopt}. */
    List<Container> adopt() throws IOException {
        List<Container> adopted =
                places.store().load().parallelStream().map(this::adopt).toList();
        removeStaleSockets();
        places.copies().removeAllBut(known.ids());
        return adopted;
    }

    private Container adopt(ContainerStore.Found found) {
        ContainerRecord entry = found.entry();
        var container = new Container(
                entry, () -> places.store().description(found.directory()), found.directory(), places.shim(entry.id()));
        known.add(container);
        try {
            var launch = new Launch(container, container.shim().subscribe(), events::tell);
            ContainerState state = launch.awaitNext();
            known.keepName(container);
            if (state instanceof ContainerState.Created created) {
                container.created(created);
                ranges.adopt(container.id(), created.pid());
                follower.beginCreated(container, launch);
                return container;
            }
            container.started((ContainerState.Running) state);
            container.whileRunning().ifPresent(running -> ranges.adopt(container.id(), running.pid()));
            container.paused(usages.frozen(container.id()));
            follower.begin(container, launch);
            events.tell(new ContainerEvent.Adopted(container));
        } catch (IOException | RuntimeException e) {
            log.debug("'{}' has no shim any more: {}", container.name(), e.toString());
            follower.ended(container, found.exit());
        }
        return container;
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
