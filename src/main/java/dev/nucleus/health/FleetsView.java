package dev.nucleus.health;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Where health reads the fleets from: answers from memory. */
public interface FleetsView {

    List<FleetView> fleets();

    Optional<FleetView> fleet(String name);

    /** Health groups, those of fleets and those of services, and the path of the contributor that each is of. */
    Map<String, String> groups();
}
