package dev.nucleus.container;

import dev.nucleus.spec.InvalidSpecException;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.springframework.stereotype.Component;

/**
 * The containers of a manager, by ID, and the live ones also by name. Thread-safe: all its collections are concurrent.
 */
@Component
final class ContainerRegistry {

    private final Map<String, Container> byId = new ConcurrentHashMap<>();
    private final Map<String, Container> liveByName = new ConcurrentHashMap<>();
    /** Containers that may be running but whose records can't be read: each may have any name. */
    private final Set<Container> unidentified = ConcurrentHashMap.newKeySet();

    /**
     * Claims the name of a container that is about to be launched.
     *
     * @throws InvalidSpecException if another live container has it
     */
    void claimName(Container container) {
        // A container named by its ID can't conflict with another.
        if (!container.name().equals(container.id())) {
            unidentified.stream().findAny().ifPresent(other -> {
                throw new InvalidSpecException("'" + container.name() + "' may already run as " + other.id()
                        + ", whose record in " + other.directory() + " can't be read; stop that first: nucleus stop "
                        + other.id());
            });
        }
        Container other = liveByName.putIfAbsent(container.name(), container);
        if (other != null) {
            throw new InvalidSpecException("a container named '" + container.name() + "' is live already (" + other.id()
                    + "); to stop that: nucleus stop " + other.id());
        }
    }

    /** Registers the name of a container that an earlier manager launched: it was claimed then. */
    void keepName(Container container) {
        liveByName.put(container.name(), container);
    }

    /** Blocks all names for a container that may have any of them: no other can claim one while it may run. */
    void holdNames(Container container) {
        unidentified.add(container);
    }

    void releaseName(Container container) {
        unidentified.remove(container);
        liveByName.remove(container.name(), container);
    }

    void add(Container container) {
        byId.put(container.id(), container);
    }

    /** @return whether it was known: of several callers, one removes it */
    boolean remove(Container container) {
        return byId.remove(container.id(), container);
    }

    boolean has(Container container) {
        return byId.containsKey(container.id());
    }

    Collection<Container> all() {
        return List.copyOf(byId.values());
    }

    Optional<Container> byId(String id) {
        return Optional.ofNullable(byId.get(id));
    }

    /**
     * Finds a container by name, else by ID or unambiguous ID prefix. Of several with the name, the live one, else the
     * newest.
     *
     * @throws InvalidSpecException when there is none, or more than one
     */
    Container find(String reference) {
        if (reference.isEmpty()) {
            // An unset shell variable results in this, and every ID starts with it.
            throw new InvalidSpecException("the name of a container is empty");
        }
        Container named = liveByName.get(reference);
        if (named != null && has(named)) {
            return named;
        }
        List<Container> matches = newestFirst(container -> container.name().equals(reference));
        // No ID prefix if it is the name of a container that is being launched.
        if (matches.isEmpty() && named == null) {
            matches = newestFirst(container -> container.id().startsWith(reference));
        }
        if (matches.isEmpty() && named != null) {
            throw new InvalidSpecException("'" + reference + "' is still being launched; try again when it runs");
        }
        if (matches.isEmpty()) {
            throw new UnknownContainerException(reference);
        }
        if (matches.size() > 1 && !matches.getFirst().name().equals(reference)) {
            throw new InvalidSpecException(
                    "'" + reference + "' is a prefix of " + matches.size() + " container IDs; give more of it");
        }
        return matches.getFirst();
    }

    private List<Container> newestFirst(Predicate<Container> wanted) {
        return byId.values().stream()
                .filter(wanted)
                .sorted(Comparator.comparing(
                                (Container container) -> container.record().createdAt())
                        .reversed())
                .toList();
    }
}
