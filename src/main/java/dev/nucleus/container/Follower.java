package dev.nucleus.container;

import dev.nucleus.isolation.CgroupRemains;
import dev.nucleus.isolation.IdRanges;
import dev.nucleus.spawner.ShimMessage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Stays with containers to their end, each in a thread of its own, and sees to what there is to do then. */
@Component
final class Follower {

    private static final Logger log = LoggerFactory.getLogger(Follower.class);

    private final KnownContainers known;
    private final ContainerPlaces places;
    private final ContainerEvents events;
    private final CgroupRemains cgroups;
    private final CgroupSweep sweep;
    private final IdRanges ranges;

    Follower(
            KnownContainers known,
            ContainerPlaces places,
            ContainerEvents events,
            CgroupRemains cgroups,
            CgroupSweep sweep,
            IdRanges ranges) {
        this.known = known;
        this.places = places;
        this.events = events;
        this.cgroups = cgroups;
        this.sweep = sweep;
        this.ranges = ranges;
    }

    /** Goes on in a thread of its own. */
    void begin(Container container, Launch launch) {
        Thread.ofVirtual().name("container-", 0).start(() -> follow(container, launch, Optional.empty()));
    }

    /** The same for one whose command has not been started. */
    void beginCreated(Container container, Launch launch) {
        Thread.ofVirtual().name("container-", 0).start(() -> followCreated(container, launch));
    }

    /** Returns with its end. */
    void follow(Container container, Launch launch, Optional<OutputSink> sink) {
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

    /** @param told how it ended; empty: nobody said */
    void ended(Container container, Optional<ContainerState.Stopped> told) {
        ContainerState.Stopped stopped =
                told.or(() -> places.store().exit(container.directory())).orElseGet(() -> lost(container));
        sweep.ended(container.id());
        known.releaseName(container);
        ranges.release(container.id());
        places.copies().end(container.id()).ifPresent(sentence -> {
            log.info("'{}': {}", container.name(), sentence);
            container.broughtBack(sentence);
        });
        container.stopped(stopped);
        events.tell(new ContainerEvent.Stopped(container, stopped));
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

    private void followCreated(Container container, Launch launch) {
        try {
            ContainerState.Running running = launch.awaitStart();
            container.started(running);
            events.tell(new ContainerEvent.Started(container, running));
            follow(container, launch, Optional.empty());
        } catch (IOException | RuntimeException e) {
            launch.close();
            ended(container, Optional.empty());
            container.notStarted(e instanceof IOException io ? new UncheckedIOException(io) : e);
        }
    }
}
