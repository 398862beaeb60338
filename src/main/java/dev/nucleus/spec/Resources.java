package dev.nucleus.spec;

import java.util.List;
import java.util.Optional;

/**
 * How much of the host a container may use.
 *
 * @param swap swap limit, on top of memory; empty: no swap if memory is limited. Needs a memory limit
 * @param cpuWeight relative share of contended CPUs, 1 to 10000; empty: the kernel's default, 100
 * @param pids limit of processes and threads; 0: no limit
 * @param openFiles limit of open files per process
 * @param io bandwidth and operations per block device
 * @see <a href="https://docs.kernel.org/admin-guide/cgroup-v2.html">cgroup v2</a>
 */
public record Resources(
        Optional<MemorySize> memory,
        Optional<MemorySize> swap,
        Optional<Cpus> cpus,
        Optional<Integer> cpuWeight,
        int pids,
        int openFiles,
        List<IoLimit> io) {

    public static final int DEFAULT_PIDS = 512;
    public static final int DEFAULT_OPEN_FILES = 1024;
    public static final int MAX_CPU_WEIGHT = 10_000;
    private static final int MAX_PIDS = 4_194_304;
    /** The launch itself opens several files once the limit is set. */
    private static final int FEWEST_OPEN_FILES = 16;

    public static final Resources DEFAULT = new Resources(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            DEFAULT_PIDS,
            DEFAULT_OPEN_FILES,
            List.of());

    public Resources {
        io = List.copyOf(io);
        checkPids(pids);
        checkOpenFiles(openFiles);
        cpuWeight.ifPresent(Resources::checkCpuWeight);
        if (swap.isPresent() && memory.isEmpty()) {
            throw new InvalidSpecException("swap needs a memory limit too, such as memory: 512M");
        }
        if (io.stream().map(IoLimit::device).distinct().count() != io.size()) {
            throw new InvalidSpecException("io names a device twice");
        }
    }

    public static int checkPids(int pids) {
        if (pids < 0 || pids > MAX_PIDS) {
            throw new InvalidSpecException("pids is 0 (no limit) to " + MAX_PIDS + ", was " + pids);
        }
        return pids;
    }

    public static int checkOpenFiles(int openFiles) {
        if (openFiles < FEWEST_OPEN_FILES) {
            throw new InvalidSpecException("open-files is at least " + FEWEST_OPEN_FILES + ", was " + openFiles);
        }
        return openFiles;
    }

    public static int checkCpuWeight(int weight) {
        if (weight < 1 || weight > MAX_CPU_WEIGHT) {
            throw new InvalidSpecException("cpu-weight is 1 to " + MAX_CPU_WEIGHT + ", was " + weight);
        }
        return weight;
    }
}
