package dev.nucleus.health;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.springframework.boot.health.contributor.Status;

/**
 * A replica at one moment.
 *
 * @param name fleet/service-n
 * @param containerId of its present or last container
 * @param serving whether it takes work: it is ready, or runs unchecked, or its readiness probe succeeds in a crash loop
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
        boolean serving,
        Instant since,
        String cause,
        int restarts,
        boolean flapping,
        List<Transition> history,
        List<ProbeAnswer> answers) {

    /** In Spring's words. */
    public Status health() {
        return serving ? Status.UP : status.health();
    }

    /** Whether it is in a crash loop and takes work all the same. */
    public boolean servesInCrashLoop() {
        return serving && status == ReplicaStatus.CRASH_LOOP;
    }
}
