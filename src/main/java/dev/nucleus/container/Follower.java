package dev.nucleus.container;

import dev.nucleus.isolation.CgroupRemains;
import dev.nucleus.isolation.IdRanges;
import dev.nucleus.spawner.ShimConnection;
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
        } catch (RuntimeException | Error e) {
            log.error("following '{}' failed; it is followed anew", container.name(), e);
            launch.close();
            exited = followAnew(container);
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

    /** What failed in the manager is no end of the container: its shim is asked again, once. */
    private Optional<ShimMessage.Exited> followAnew(Container container) {
        try (ShimConnection connection = container.shim().subscribe()) {
            var launch = new Launch(container, connection, events::tell);
            launch.awaitNext();
            connection.stay();
            return launch.follow();
        } catch (IOException | RuntimeException | Error e) {
            log.error("lost the shim of '{}'", container.name(), e);
            return Optional.empty();
        }
    }

    /**
     * Everything that is to be done at the end of a container. Whatever fails of it is reported for that container, and
     * the rest done all the same: nobody waits for ever for its end, and no other container notices.
     *
     * @param told how it ended; empty: nobody said
     */
    void ended(Container container, Optional<ContainerState.Stopped> told) {
        ContainerState.Stopped stopped = told.orElseGet(() -> howItEnded(container));
        attempt(container, "removing its control groups", () -> sweep.ended(container.id()));
        attempt(container, "giving its name back", () -> known.releaseName(container));
        attempt(container, "giving its user IDs back", () -> ranges.release(container.id()));
        attempt(container, "bringing its workspace back", () -> bringBack(container));
        container.stopped(stopped);
        attempt(container, "reporting its end", () -> events.tell(new ContainerEvent.Stopped(container, stopped)));
    }

    private void bringBack(Container container) {
        places.copies().end(container.id()).ifPresent(sentence -> {
            log.info("'{}': {}", container.name(), sentence);
            container.broughtBack(sentence);
        });
    }

    private static void attempt(Container container, String what, Runnable work) {
        try {
            work.run();
        } catch (RuntimeException | Error e) {
            log.error("'{}' ({}) ended, and {} failed", container.name(), container.id(), what, e);
        }
    }

    private ContainerState.Stopped howItEnded(Container container) {
        try {
            return places.store().exit(container.directory()).orElseGet(() -> lost(container));
        } catch (RuntimeException | Error e) {
            log.error("'{}' ({}): how it ended can't be read", container.name(), container.id(), e);
            return unknownEnd(container);
        }
    }

    /** Its shim was killed, or the host restarted: nobody saw how it ended, and nobody cleaned up. */
    private ContainerState.Stopped lost(Container container) {
        cgroups.remove(container.id());
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

    private void followCreated(Container container, Launch launch) {
        try {
            ContainerState.Running running = launch.awaitStart();
            container.started(running);
            events.tell(new ContainerEvent.Started(container, running));
            follow(container, launch, Optional.empty());
        } catch (IOException e) {
            notStarted(container, launch, new UncheckedIOException(e));
        } catch (RuntimeException e) {
            notStarted(container, launch, e);
        } catch (Error e) {
            log.error("following '{}' failed before it was started", container.name(), e);
            notStarted(container, launch, new IllegalStateException("'" + container.name() + "': " + e, e));
        }
    }

    private void notStarted(Container container, Launch launch, RuntimeException why) {
        launch.close();
        ended(container, Optional.empty());
        container.notStarted(why);
    }
}
