package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.container.UnknownContainerException;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.fleet.ReplicaView;
import dev.nucleus.spec.InvalidSpecException;
import java.util.List;
import java.util.Optional;

/** The replica or the container that a command names. */
sealed interface Target {

    String name();

    /** @param container its present or last container; empty: it was never launched */
    record Replica(ReplicaView view, Optional<Container> container) implements Target {
        @Override
        public String name() {
            return view.name();
        }
    }

    /** A container that belongs to no fleet. */
    record Standalone(Container container) implements Target {
        @Override
        public String name() {
            return container.name();
        }
    }

    /**
     * Finds a target by the name of a replica, the name of a container, or an unambiguous prefix of its ID.
     *
     * @throws InvalidSpecException when there is none, or more than one
     */
    static Target find(Containers containers, Fleets fleets, String reference) {
        Optional<ReplicaView> named = fleets.replica(reference);
        if (named.isPresent()) {
            return new Replica(named.get(), named.get().containerId().flatMap(containers::byId));
        }
        Container container = standalone(containers, fleets, reference);
        Optional<ReplicaView> replica =
                container.record().replica() == null ? Optional.empty() : fleets.replica(container.name());
        return replica.<Target>map(view -> new Replica(view, Optional.of(container)))
                .orElseGet(() -> new Standalone(container));
    }

    private static Container standalone(Containers containers, Fleets fleets, String reference) {
        try {
            return containers.find(reference);
        } catch (UnknownContainerException e) {
            List<String> replicas = replicas(fleets, reference);
            if (replicas.isEmpty()) {
                throw e;
            }
            if (replicas.getFirst().endsWith("/" + reference)) {
                throw new InvalidSpecException("there is no container '" + reference
                        + "'; did you mean "
                        + String.join(" or ", replicas) + "?");
            }
            throw new InvalidSpecException(
                    "'" + reference + "' is not a container; name a replica of it: " + String.join(", ", replicas));
        }
    }

    /** The replicas of a fleet or a service, or those named {@code SERVICE-NUMBER} in any fleet. */
    private static List<String> replicas(Fleets fleets, String reference) {
        return fleets.replicas().stream()
                .filter(view -> view.fleet().equals(reference)
                        || view.service().equals(reference)
                        || (view.fleet() + "/" + view.service()).equals(reference)
                        || view.name().endsWith("/" + reference))
                .map(ReplicaView::name)
                .sorted()
                .toList();
    }

    /**
     * Returns the container of a target, which must be running.
     *
     * @throws InvalidSpecException stating its actual state
     */
    static Container running(Containers containers, Fleets fleets, String reference) {
        Container container = container(containers, fleets, reference);
        Containers.requireRunning(container);
        return container;
    }

    /**
     * Returns the container of a target.
     *
     * @throws InvalidSpecException when a replica has no container
     */
    static Container container(Containers containers, Fleets fleets, String reference) {
        return switch (find(containers, fleets, reference)) {
            case Standalone(var container) -> container;
            case Replica(var view, var container) ->
                container.orElseThrow(() -> new InvalidSpecException("'" + view.name() + "' has no container: it is "
                        + view.status().words() + " (" + view.cause() + ")"));
        };
    }
}
