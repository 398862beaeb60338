package dev.nucleus.fleet;

import dev.nucleus.settings.NucleusProperties;
import dev.nucleus.spec.FleetSpec;
import dev.nucleus.spec.InvalidFleetException;
import java.util.List;

/** The fleets that the manager's settings name. */
record DeclaredFleets(List<FleetSpec> specs) {

    /**
     * @throws FleetsUnusableException when a file has mistakes
     */
    static DeclaredFleets of(NucleusProperties properties) {
        try {
            return new DeclaredFleets(
                    properties.fleetFiles().map(FleetFiles::read).orElse(List.of()));
        } catch (InvalidFleetException e) {
            throw new FleetsUnusableException(e);
        }
    }
}
