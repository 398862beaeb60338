package dev.nucleus.fleet;

import dev.nucleus.spec.FleetSpec;
import dev.nucleus.spec.fleetfile.InvalidFleetException;
import dev.nucleus.spec.fleetfile.Problem;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The names of fleets below {@code /actuator/health}: their own, and {@code <fleet>-<service>} of each service with a
 * group. Spring looks up a first segment as a group before it looks for a contributor, and does not check groups that
 * are added later for clashes, so all of them are checked when fleets are loaded.
 */
final class HealthGroupNames {

    private static final Set<String> RESERVED = Set.of(
            "liveness",
            "readiness",
            "livenessState",
            "readinessState",
            "fleets",
            "criticalFleets",
            "history",
            "ping",
            "db",
            "diskSpace",
            "ssl");

    /** Names below a fleet: its own child, and the path from its group to the tree of all fleets. */
    private static final Set<String> RESERVED_SERVICES = Set.of("desired", "fleets");

    private HealthGroupNames() {}

    /** The reason to refuse the name of a fleet; empty: it is accepted. */
    static Optional<String> refusal(String name) {
        return RESERVED.contains(name)
                ? Optional.of("a fleet can't be called '" + name + "': /actuator/health/" + name
                        + " is Spring's own; choose another name")
                : Optional.empty();
    }

    /** The reason to refuse the name of a service; empty: it is accepted. */
    static Optional<String> serviceRefusal(String name) {
        return RESERVED_SERVICES.contains(name)
                ? Optional.of("a service can't be called '" + name
                        + "': its health would be hidden by /actuator/health/<fleet>/" + name
                        + ", which is Nucleus's own; choose another name")
                : Optional.empty();
    }

    /** The groups of a fleet, each with its contributor. */
    static Map<String, String> of(FleetSpec fleet) {
        var groups = new LinkedHashMap<String, String>();
        groups.put(fleet.name(), "fleets/" + fleet.name());
        for (String service : fleet.services().keySet()) {
            if (fleet.health().traffic().contains(service)) {
                groups.put(fleet.name() + "-" + service, "fleets/" + fleet.name() + "/" + service);
            }
        }
        return groups;
    }

    /**
     * @param taken groups in the operator's own settings
     * @throws InvalidFleetException if two groups have the same name
     */
    static void check(List<FleetSpec> fleets, Set<String> taken) {
        var owners = new HashMap<String, String>();
        taken.forEach(name -> owners.put(name, "management.endpoint.health.group." + name));
        var problems = new ArrayList<Problem>();
        for (FleetSpec fleet : fleets) {
            of(fleet).forEach((group, contributor) -> {
                String owner = owners.putIfAbsent(group, contributor.replaceFirst("fleets/", ""));
                if (owner != null) {
                    problems.add(new Problem(
                            fleet.file().toString(),
                            1,
                            1,
                            "/actuator/health/" + group + " would be the group of "
                                    + contributor.replaceFirst("fleets/", "") + " and of " + owner
                                    + "; give one of them another name"));
                }
            });
        }
        if (!problems.isEmpty()) {
            throw new InvalidFleetException(problems);
        }
    }
}
