package dev.nucleus.spec;

import java.util.Map;
import java.util.Optional;

/**
 * One service of a fleet: a container, how many of it, when, and how its health is known.
 *
 * @param dependsOn services of the same fleet, and what must be true of each first
 * @param startup whether it has come up; before that, neither of the others is asked. A no restarts it
 * @param readiness whether it can take work; empty: nothing tells, and it counts as serving while it runs
 * @param liveness whether it is still right in itself, and what follows a failure
 * @param job whether it is expected to end by itself
 */
public record ServiceSpec(
        String name,
        ContainerSpec container,
        int replicas,
        Map<String, Condition> dependsOn,
        Optional<ProbeSpec> startup,
        Optional<ProbeSpec> readiness,
        Optional<LivenessSpec> liveness,
        RestartPolicy restart,
        StopSpec stop,
        boolean job) {

    private static final int MOST_REPLICAS = 1_000;

    public ServiceSpec {
        ContainerName.check("service", name);
        dependsOn = Map.copyOf(dependsOn);
        checkReplicas(replicas);
    }

    /** Whether any probe checks it: what nothing checks can run, but is never known to be ready. */
    public boolean isChecked() {
        return startup.isPresent() || readiness.isPresent() || liveness.isPresent();
    }

    public static int checkReplicas(int replicas) {
        if (replicas < 0 || replicas > MOST_REPLICAS) {
            throw new InvalidSpecException("replicas is 0 to " + MOST_REPLICAS + ", was " + replicas);
        }
        return replicas;
    }
}
