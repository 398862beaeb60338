package dev.nucleus.health;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Where health reads the fleets from: answers from memory. */
public interface FleetsView {

    List<FleetView> fleets();

    Optional<FleetView> fleet(String name);

    Set<String> names();
}
