package dev.nucleus.web;

import dev.nucleus.container.ContainerEvent;
import dev.nucleus.fleet.ReplicaChanged;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/** Notifies every viewer of changes. */
@Component
final class LiveEvents {

    /** Limit on open pages in total: each has a connection and two threads. */
    static final int MAX_VIEWERS = 1_000;

    /** Limit on open pages of one container, so that a popular one leaves room for the others. */
    static final int MAX_VIEWERS_OF_ONE = 400;

    private final Set<Viewer> viewers = ConcurrentHashMap.newKeySet();
    /** Held while viewers are counted and one is added. */
    private final ReentrantLock adding = new ReentrantLock();

    /** @return false when there are too many already, in total or of that container */
    boolean add(Viewer viewer) {
        adding.lock();
        try {
            if (viewers.size() >= MAX_VIEWERS || isCrowded(viewer.only())) {
                return false;
            }
            viewers.add(viewer);
            return true;
        } finally {
            adding.unlock();
        }
    }

    private boolean isCrowded(Optional<String> container) {
        return container.isPresent()
                && viewers.stream()
                                .filter(viewer -> viewer.only().equals(container))
                                .count()
                        >= MAX_VIEWERS_OF_ONE;
    }

    void remove(Viewer viewer) {
        viewers.remove(viewer);
    }

    /** Ends the streams before the server stops: it would wait for its open requests, and these have no end. */
    @EventListener
    void on(ContextClosedEvent event) {
        viewers.forEach(Viewer::close);
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
