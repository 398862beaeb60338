package dev.nucleus.web;

import dev.nucleus.container.ContainerEvent;
import dev.nucleus.fleet.ReplicaChanged;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/** Tells every viewer that something changed. */
@Component
final class LiveEvents {

    private static final int MOST_VIEWERS = 500;

    private final Set<Viewer> viewers = ConcurrentHashMap.newKeySet();

    /** @return false when there are too many already */
    boolean add(Viewer viewer) {
        if (viewers.size() >= MOST_VIEWERS) {
            return false;
        }
        viewers.add(viewer);
        return true;
    }

    void remove(Viewer viewer) {
        viewers.remove(viewer);
    }

    /** Before the server stops: it would wait for its open requests, and these have no end. */
    @EventListener
    void on(ContextClosedEvent event) {
        viewers.forEach(Viewer::leave);
    }

    @EventListener
    void on(ReplicaChanged event) {
        viewers.forEach(viewer -> viewer.changed(Optional.of(event.replica().name())));
    }

    @EventListener
    void on(ContainerEvent event) {
        viewers.forEach(viewer -> viewer.changed(Optional.of(event.container().name())));
    }
}
