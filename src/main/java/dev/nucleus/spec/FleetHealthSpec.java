package dev.nucleus.spec;

import java.util.Optional;
import java.util.Set;

/**
 * What of a fleet's health others go by.
 *
 * @param critical services without which the manager itself takes no traffic
 * @param traffic services with a health group of their own, for who asks about one service without logging in
 * @param objective for each service that is there to stay
 */
public record FleetHealthSpec(Set<String> critical, Set<String> traffic, Optional<Objective> objective) {

    public static final FleetHealthSpec NONE = new FleetHealthSpec(Set.of(), Set.of(), Optional.empty());

    public FleetHealthSpec {
        critical = Set.copyOf(critical);
        traffic = Set.copyOf(traffic);
    }
}
