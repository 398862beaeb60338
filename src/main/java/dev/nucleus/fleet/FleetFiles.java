package dev.nucleus.fleet;

import dev.nucleus.policy.ModePolicy;
import dev.nucleus.spec.FleetReader;
import dev.nucleus.spec.FleetSpec;
import dev.nucleus.spec.InvalidFleetException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads fleet files and checks them against what their modes allow and what names are taken. */
public final class FleetFiles {

    /** First path segments below /actuator/health that are not a fleet's. */
    private static final Set<String> RESERVED = Set.of(
            "liveness", "readiness", "livenessState", "readinessState", "fleets", "ping", "db", "diskSpace", "ssl");

    private FleetFiles() {}

    /**
     * @throws InvalidFleetException with every mistake of every file
     */
    public static List<FleetSpec> read(Path path) {
        return FleetReader.read(path, new FleetReader.Checks(ModePolicy::refusals, FleetFiles::reserved));
    }

    private static Optional<String> reserved(String name) {
        return RESERVED.contains(name)
                ? Optional.of("a fleet can't be called '" + name + "': /actuator/health/" + name
                        + " is Spring's own; choose another name")
                : Optional.empty();
    }
}
