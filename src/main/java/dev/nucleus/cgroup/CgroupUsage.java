package dev.nucleus.cgroup;

import java.time.Duration;
import java.util.Optional;

/**
 * The resource usage of a container, as its control groups count it. What the host's kernel doesn't count, or no limit
 * asked to be counted, is empty.
 *
 * @param memory bytes now
 * @param workingSet bytes of it that the kernel can't take back at once: without the file pages that were not used lately
 * @param memoryPeak the most it ever was
 * @param memoryLimit bytes
 * @param resident bytes of it that no file backs
 * @param faults of pages since it began
 * @param majorFaults of those, the ones that waited for a disk
 * @param processor time used by all its processes
 * @param throttled time it was kept waiting for its quota
 * @param processes and threads, now
 * @param read bytes from block devices
 * @param kills by the kernel for want of memory
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
     * How much of the last ten seconds some, or all, of its processes stood still for want of something, in percent
     * (Documentation/accounting/psi.rst).
     */
    public record Pressure(double some, double full) {}
}
