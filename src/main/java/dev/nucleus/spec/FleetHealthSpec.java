package dev.nucleus.spec;

import java.util.Optional;
import java.util.Set;

/**
 * The health settings of a fleet.
 *
 * @param critical services that must be serving for the manager itself to be ready
 * @param traffic services with a health group of their own, which clients can query without logging in
 * @param objective availability objective of every service that is not a job
 */
public record FleetHealthSpec(Set<String> critical, Set<String> traffic, Optional<Objective> objective) {

    public static final FleetHealthSpec NONE = new FleetHealthSpec(Set.of(), Set.of(), Optional.empty());

    public FleetHealthSpec {
        critical = Set.copyOf(critical);
        traffic = Set.copyOf(traffic);
    }
}
