package dev.nucleus.container;

import dev.nucleus.cgroup.CgroupRemoval;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * Removes control groups left behind by a shim that was killed, for example by the OOM killer, after it had reported
 * the end of its container.
 */
@Component
class CgroupSweep implements DisposableBean {

    /** Time allowed for a shim to remove them itself. */
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private record Ended(String id, long at) {}

    private final CgroupRemoval cgroups;
    private final Queue<Ended> ended = new ConcurrentLinkedQueue<>();

    CgroupSweep(CgroupRemoval cgroups) {
        this.cgroups = cgroups;
    }

    void ended(String id) {
        ended.add(new Ended(id, System.nanoTime()));
    }

    @Scheduled(fixedDelay = 5_000)
    void sweep() {
        Ended first = ended.peek();
        while (first != null && System.nanoTime() - first.at() > TIMEOUT.toNanos()) {
            ended.remove(first);
            cgroups.remove(first.id());
            first = ended.peek();
        }
    }

    /** Removes the remaining groups at shutdown, which does not disturb shims that are still removing theirs. */
    @Override
    public void destroy() {
        Ended next = ended.poll();
        while (next != null) {
            cgroups.remove(next.id());
            next = ended.poll();
        }
    }
}
