package dev.nucleus.fleet;

import dev.nucleus.container.Containers;
import dev.nucleus.preparation.Workload;
import dev.nucleus.spec.ServiceSpec;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.springframework.scheduling.TaskScheduler;

/**
 * The dependencies that the replicas of a fleet share.
 *
 * @param unmetDependencies returns the unmet dependencies of a service, in words; empty: it can start
 * @param onChange called when the status of a replica, or whether it serves, has changed
 * @param notifyDependents called when a replica in a crash loop has started
 */
record ReplicaContext(
        Containers containers,
        TaskScheduler scheduler,
        Map<String, Workload.HostVolume> volumes,
        Function<ServiceSpec, List<String>> unmetDependencies,
        Consumer<Replica> onChange,
        Consumer<Replica> notifyDependents,
        Consumer<ProbeCompleted> onProbe) {}
