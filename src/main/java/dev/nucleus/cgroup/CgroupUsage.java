package dev.nucleus.cgroup;

import java.time.Duration;
import java.util.Optional;

/**
 * The resource usage of a container, as its control groups count it. Values that the host's kernel doesn't count, or
 * whose controller no limit requires, are empty.
 *
 * @param memory current usage, in bytes
 * @param workingSet the part of it that the kernel can't reclaim at once: without inactive file pages
 * @param memoryPeak highest usage so far, in bytes
 * @param memoryLimit in bytes
 * @param resident anonymous memory, in bytes
 * @param faults page faults since the container was started
 * @param majorFaults page faults that waited for a disk
 * @param processor processor time used by all its processes
 * @param throttled time for which its processor quota stopped it
 * @param processes current number of processes and threads
 * @param read bytes read from block devices
 * @param kills number of processes killed by the OOM killer
 */
public record CgroupUsage(
        Optional<Long> memory,
        Optional<Long> workingSet,
        Optional<Long> memoryPeak,
        Optional<Long> memoryLimit,
        Optional<Long> resident,
        Optional<Long> faults,
        Optional<Long> majorFaults,
        Optional<Long> swap,
        Optional<Duration> processor,
        Optional<Duration> throttled,
        Optional<Long> processes,
        Optional<Long> processLimit,
        Optional<Long> read,
        Optional<Long> written,
        Optional<Long> kills,
        Optional<Pressure> memoryPressure,
        Optional<Pressure> processorPressure,
        Optional<Pressure> ioPressure) {

    /**
     * How much of the last ten seconds some, or all, of its processes were stalled on a resource, in percent
     * (Documentation/accounting/psi.rst).
     */
    public record Pressure(double some, double full) {}
}
