package dev.nucleus.cli;

import dev.nucleus.cgroup.CgroupRemoval;
import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerState;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * A process of a container, as shown in {@code /proc}.
 *
 * @param pid its PID in the innermost PID namespace
 * @param hostPid its PID on the host
 * @param user its user ID inside the container
 * @param processor CPU time used, user and system
 * @param resident resident memory in bytes
 * @param command its arguments, or its name in brackets if it has none; untrusted text of the workload
 */
record ContainerProcess(int pid, int hostPid, long user, Duration processor, long resident, String command) {

    /** USER_HZ, which is 100 on every supported architecture (proc_pid_stat(5)). */
    private static final long TICK_NANOS = 10_000_000;

    private static final int MAX_BYTES = 4096;
    private static final int UTIME = 11;
    private static final int STIME = 12;

    /** The processes that run now, ordered by host PID. With gVisor: those of the sandbox. */
    static List<ContainerProcess> of(Container container, CgroupRemoval cgroups) {
        // Without control groups: the first process and its descendants; with them, also processes started by exec.
        var pids = new TreeSet<>(cgroups.processes(container.id()));
        container
                .whileRunning()
                .map(ContainerState.Running::pid)
                .flatMap(pid -> ProcessHandle.of(pid))
                .ifPresent(first -> {
                    pids.add((int) first.pid());
                    first.descendants().forEach(child -> pids.add((int) child.pid()));
                });
        return pids.stream().flatMap(pid -> read(pid).stream()).toList();
    }

    private static Optional<ContainerProcess> read(int hostPid) {
        Path directory = Path.of("/proc", Integer.toString(hostPid));
        try {
            Map<String, String> status = status(directory);
            // The name is in parentheses and may contain any character.
            String stat = text(directory.resolve("stat"));
            String[] numbers = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return Optional.of(new ContainerProcess(
                    last(status.getOrDefault("NSpid", Integer.toString(hostPid))),
                    hostPid,
                    user(
                            directory,
                            Long.parseLong(status.getOrDefault("Uid", "0").split("\\s+")[0])),
                    Duration.ofNanos((Long.parseLong(numbers[UTIME]) + Long.parseLong(numbers[STIME])) * TICK_NANOS),
                    Long.parseLong(status.getOrDefault("VmRSS", "0 kB").split(" ")[0]) << 10,
                    command(directory, status.getOrDefault("Name", ""))));
        } catch (IOException | RuntimeException e) {
            // The process has exited meanwhile.
            return Optional.empty();
        }
    }

    /** Reads the beginning of a file: a command line may have megabytes, and a container hundreds of such processes. */
    private static String text(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(MAX_BYTES), StandardCharsets.UTF_8);
        }
    }

    private static Map<String, String> status(Path directory) throws IOException {
        var fields = new HashMap<String, String>();
        for (String line : text(directory.resolve("status")).lines().toList()) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                fields.put(line.substring(0, colon), line.substring(colon + 1).strip());
            }
        }
        return fields;
    }

    private static int last(String numbers) {
        String[] each = numbers.split("\\s+");
        return Integer.parseInt(each[each.length - 1]);
    }

    /** Translates a host user ID by the process's own map (user_namespaces(7)): lines of "inside outside length". */
    private static long user(Path directory, long outside) throws IOException {
        for (String line : text(directory.resolve("uid_map")).lines().toList()) {
            String[] range = line.strip().split("\\s+");
            long first = Long.parseLong(range[1]);
            if (outside >= first && outside < first + Long.parseLong(range[2])) {
                return Long.parseLong(range[0]) + outside - first;
            }
        }
        return outside;
    }

    private static String command(Path directory, String name) throws IOException {
        String command = text(directory.resolve("cmdline")).replace('\0', ' ').stripTrailing();
        return command.isBlank() ? "[" + name + "]" : command;
    }
}
