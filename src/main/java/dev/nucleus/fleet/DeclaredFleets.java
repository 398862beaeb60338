package dev.nucleus.fleet;

import dev.nucleus.settings.NucleusProperties;
import dev.nucleus.spec.FleetSpec;
import dev.nucleus.spec.fleetfile.InvalidFleetException;
import java.util.List;
import java.util.Set;

/** The fleets that are configured in the manager's settings. */
record DeclaredFleets(List<FleetSpec> specs) {

    /**
     * @param healthGroups names below {@code /actuator/health} that the operator's settings already use
     * @throws FleetsUnusableException if a file has errors
     */
    static DeclaredFleets of(NucleusProperties properties, Set<String> healthGroups) {
        try {
            return new DeclaredFleets(properties
                    .fleetFiles()
                    .map(path -> FleetFiles.read(path, healthGroups))
                    .orElse(List.of()));
        } catch (InvalidFleetException e) {
            throw new FleetsUnusableException(e);
        }
    }
}
