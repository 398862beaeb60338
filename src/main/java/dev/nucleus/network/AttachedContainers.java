package dev.nucleus.network;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The containers on networks, by their IDs. Not thread-safe. */
final class AttachedContainers {

    private final Map<String, AttachedContainer> containers = new LinkedHashMap<>();

    Collection<AttachedContainer> all() {
        return containers.values();
    }

    Optional<AttachedContainer> find(String id) {
        return Optional.ofNullable(containers.get(id));
    }

    /** The container that has one of its links under that name on the host. */
    Optional<AttachedContainer> byLink(String name) {
        return containers.values().stream()
                .filter(container -> container.record().links().stream()
                        .anyMatch(link -> link.hostName().equals(name)))
                .findFirst();
    }

    void add(AttachedContainer container) {
        containers.put(container.member().id(), container);
    }

    void remove(AttachedContainer container) {
        containers.remove(container.member().id());
    }
}
