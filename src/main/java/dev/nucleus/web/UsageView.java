package dev.nucleus.web;

import dev.nucleus.cgroup.CgroupUsage;
import dev.nucleus.spec.MemorySize;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * One figure of a container's resource usage, as text.
 *
 * @param what name of the figure
 * @param value current value and, where there is one, the limit
 */
public record UsageView(String what, String value) {

    /** The figures that this host counts; others are omitted. */
    static List<UsageView> of(CgroupUsage usage) {
        var views = new ArrayList<UsageView>();
        usage.memory()
                .ifPresent(now -> views.add(new UsageView(
                        "Memory",
                        MemorySize.approximate(now)
                                + usage.memoryLimit()
                                        .map(limit -> " of " + MemorySize.approximate(limit))
                                        .orElse("")
                                + usage.memoryPeak()
                                        .map(peak -> ", peak " + MemorySize.approximate(peak))
                                        .orElse(""))));
        usage.swap()
                .filter(swap -> swap > 0)
                .ifPresent(swap -> views.add(new UsageView("Swap", MemorySize.approximate(swap))));
        usage.processor()
                .ifPresent(time -> views.add(new UsageView(
                        "CPU time",
                        seconds(time)
                                + usage.throttled()
                                        .filter(waited -> !waited.isZero())
                                        .map(waited -> ", throttled for " + seconds(waited))
                                        .orElse(""))));
        usage.processes()
                .ifPresent(now -> views.add(new UsageView(
                        "Processes and threads",
                        now + usage.processLimit().map(limit -> " of " + limit).orElse(""))));
        usage.read()
                .ifPresent(read -> views.add(new UsageView(
                        "Read and written",
                        MemorySize.approximate(read) + " and "
                                + MemorySize.approximate(usage.written().orElse(0L)))));
        stalled(views, "Stalled for memory", usage.memoryPressure());
        stalled(views, "Stalled for CPU", usage.processorPressure());
        stalled(views, "Stalled for I/O", usage.ioPressure());
        usage.kills()
                .filter(kills -> kills > 0)
                .ifPresent(kills -> views.add(new UsageView("OOM kills", Long.toString(kills))));
        return views;
    }

    private static void stalled(List<UsageView> views, String what, Optional<CgroupUsage.Pressure> pressure) {
        pressure.ifPresent(value ->
                views.add(new UsageView(what, String.format(Locale.ROOT, "%.1f %% of the last 10 s", value.some()))));
    }

    private static String seconds(Duration time) {
        return String.format(Locale.ROOT, "%.2f s", time.toNanos() / 1e9);
    }
}
