package dev.nucleus.telemetry;

import dev.nucleus.cgroup.CgroupUsage;
import java.time.Duration;
import java.util.function.Supplier;

/** The usage of a container, read at most twice a second: a scrape reads each figure separately. */
final class UsageSnapshot {

    private static final Duration AGE = Duration.ofMillis(500);

    private final Supplier<CgroupUsage> source;
    private CgroupUsage usage;
    private long takenAt;

    UsageSnapshot(Supplier<CgroupUsage> source) {
        this.source = source;
        this.usage = source.get();
        this.takenAt = System.nanoTime();
    }

    synchronized CgroupUsage now() {
        long now = System.nanoTime();
        if (now - takenAt > AGE.toNanos()) {
            usage = source.get();
            takenAt = now;
        }
        return usage;
    }
}
