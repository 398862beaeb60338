package dev.nucleus.spec;

import java.util.Map;
import java.util.Optional;

/**
 * One service of a fleet: its container, number of replicas, dependencies and probes.
 *
 * @param dependsOn services of the same fleet, each with the condition that it must meet first
 * @param startup probes whether it has started; the other probes begin afterwards. Its failure restarts the container
 * @param readiness probes whether it can take work; empty: it counts as serving while it runs
 * @param liveness probes whether it still works, with the action after a failure
 * @param job whether it is expected to exit by itself
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

    private static final int MAX_REPLICAS = 1_000;

    public ServiceSpec {
        ContainerName.check("service", name);
        dependsOn = Map.copyOf(dependsOn);
        checkReplicas(replicas);
    }

    /** The same service with another container. */
    public ServiceSpec withContainer(ContainerSpec other) {
        return new ServiceSpec(name, other, replicas, dependsOn, startup, readiness, liveness, restart, stop, job);
    }

    /** Whether it has a probe; without one it can run, but is never ready. */
    public boolean isChecked() {
        return startup.isPresent() || readiness.isPresent() || liveness.isPresent();
    }

    public static int checkReplicas(int replicas) {
        if (replicas < 0 || replicas > MAX_REPLICAS) {
            throw new InvalidSpecException("replicas is 0 to " + MAX_REPLICAS + ", was " + replicas);
        }
        return replicas;
    }
}
