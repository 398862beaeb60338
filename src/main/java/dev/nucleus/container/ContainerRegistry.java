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
 * The containers of a manager, by id, and by the names that live ones have. Safe for use by many threads: both maps are
 * concurrent.
 */
@Component
final class ContainerRegistry {

    private final Map<String, Container> byId = new ConcurrentHashMap<>();
    private final Map<String, Container> liveByName = new ConcurrentHashMap<>();
    /** Those that may run, and whose records can't be read: each may have any name. */
    private final Set<Container> unidentified = ConcurrentHashMap.newKeySet();

    /**
     * Takes its name for a container that is about to live.
     *
     * @throws InvalidSpecException when another one has it
     */
    void claimName(Container container) {
        // One that is called by its ID is like no other.
        if (!container.name().equals(container.id())) {
            unidentified.stream().findAny().ifPresent(other -> {
                throw new InvalidSpecException("'" + container.name() + "' may be what runs as " + other.id()
                        + ", whose record in " + other.directory() + " can't be read; end that first: nucleus stop "
                        + other.id());
            });
        }
        Container other = liveByName.putIfAbsent(container.name(), container);
        if (other != null) {
            throw new InvalidSpecException("a container named '" + container.name() + "' is live already (" + other.id()
                    + "); to end that: nucleus stop " + other.id());
        }
    }

    /** For one that an earlier manager launched: its name was claimed then. */
    void keepName(Container container) {
        liveByName.put(container.name(), container);
    }

    /** For one that may be any container: as long as it may run, nothing else takes a name. */
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

    void remove(Container container) {
        byId.remove(container.id());
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
     * By name, else by ID or a beginning of one that no other has; the live one first, then the newest.
     *
     * @throws InvalidSpecException when there is none, or more than one
     */
    Container find(String reference) {
        if (reference.isEmpty()) {
            // As a variable that is not set makes it: every ID begins with it.
            throw new InvalidSpecException("the name of a container is empty");
        }
        Container named = liveByName.get(reference);
        if (named != null && has(named)) {
            return named;
        }
        List<Container> matches = newestFirst(container -> container.name().equals(reference));
        // Not where it is the name of one that is being launched.
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
                    "'" + reference + "' is the beginning of " + matches.size() + " containers' ids; write more of it");
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
