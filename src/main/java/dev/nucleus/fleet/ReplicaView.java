package dev.nucleus.fleet;

import dev.nucleus.probe.ProbeResult;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.springframework.boot.health.contributor.Status;

/**
 * A replica at one moment.
 *
 * @param name fleet/service-n
 * @param containerId ID of its present or last container
 * @param serving whether it is ready, runs without a probe, or its readiness probe succeeds in a crash loop
 * @param cause the cause of its status
 * @param restarts total number of restarts
 * @param flapping whether it has left READY five times or more within ten minutes
 * @param history newest last
 * @param probeResults results of its probes, newest last
 */
public record ReplicaView(
        String fleet,
        String service,
        int number,
        String name,
        Optional<String> containerId,
        ReplicaStatus status,
        boolean serving,
        Instant since,
        String cause,
        int restarts,
        boolean flapping,
        List<Transition> history,
        List<ProbeResult> probeResults) {

    /** The Spring status. */
    public Status health() {
        return serving ? Status.UP : status.health();
    }

    /** Whether it serves although it is in a crash loop. */
    public boolean servesInCrashLoop() {
        return serving && status == ReplicaStatus.CRASH_LOOP;
    }
}
