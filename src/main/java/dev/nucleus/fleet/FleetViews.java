package dev.nucleus.fleet;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Read-only views of the fleets, from memory. */
public interface FleetViews {

    List<FleetView> fleets();

    Optional<FleetView> fleet(String name);

    /** Health groups of fleets and services, each with the path of its contributor. */
    Map<String, String> groups();
}
