package dev.nucleus.web;

import dev.nucleus.cgroup.CgroupUsage;
import dev.nucleus.spec.MemorySize;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * One figure of what a container uses, in words.
 *
 * @param what is measured
 * @param value what it is now, and of how much
 */
public record UsageView(String what, String value) {

    /** What this host counts; what it doesn't is left out. */
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
                                        .map(peak -> ", at most " + MemorySize.approximate(peak))
                                        .orElse(""))));
        usage.swap()
                .filter(swap -> swap > 0)
                .ifPresent(swap -> views.add(new UsageView("Swap", MemorySize.approximate(swap))));
        usage.processor()
                .ifPresent(time -> views.add(new UsageView(
                        "Processor time",
                        seconds(time)
                                + usage.throttled()
                                        .filter(waited -> !waited.isZero())
                                        .map(waited -> ", waited " + seconds(waited) + " for its quota")
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
        stalled(views, "Stalled for processors", usage.processorPressure());
        stalled(views, "Stalled for disks", usage.ioPressure());
        usage.kills()
                .filter(kills -> kills > 0)
                .ifPresent(kills -> views.add(new UsageView("Killed for want of memory", Long.toString(kills))));
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
