package dev.nucleus.fleet;

import dev.nucleus.policy.ModePolicy;
import dev.nucleus.spec.FleetSpec;
import dev.nucleus.spec.fleetfile.FleetReader;
import dev.nucleus.spec.fleetfile.InvalidFleetException;
import dev.nucleus.spec.fleetfile.Problem;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** Reads fleet files and checks them against the rules of their modes and the names in use. */
public final class FleetFiles {

    private FleetFiles() {}

    /**
     * @throws InvalidFleetException with every problem of every file; also if a folder contains no fleet file
     */
    public static List<FleetSpec> read(Path path) {
        List<FleetSpec> fleets = read(path, Set.of());
        if (fleets.isEmpty()) {
            throw new InvalidFleetException(List.of(new Problem(
                    path.toString(),
                    1,
                    1,
                    "the folder contains no fleet file; the names of fleet files end with .yaml or .yml and don't begin with a "
                            + "dot")));
        }
        return fleets;
    }

    /** @param healthGroups names below {@code /actuator/health} that the operator's settings already use */
    static List<FleetSpec> read(Path path, Set<String> healthGroups) {
        List<FleetSpec> fleets = FleetReader.read(
                path,
                new FleetReader.Checks(
                        ModePolicy::refusals, HealthGroupNames::refusal, HealthGroupNames::serviceRefusal));
        HealthGroupNames.check(fleets, healthGroups);
        return fleets;
    }
}
