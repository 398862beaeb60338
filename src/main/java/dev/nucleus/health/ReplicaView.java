package dev.nucleus.health;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A replica at one moment.
 *
 * @param name fleet/service-n
 * @param containerId of its present or last container
 * @param cause why it has this status
 * @param restarts in all
 * @param flapping whether it has left ready five times or more within ten minutes
 * @param history newest last
 * @param answers of its probes, newest last
 */
public record ReplicaView(
        String fleet,
        String service,
        int number,
        String name,
        Optional<String> containerId,
        ReplicaStatus status,
        Instant since,
        String cause,
        int restarts,
        boolean flapping,
        List<Transition> history,
        List<ProbeAnswer> answers) {}
