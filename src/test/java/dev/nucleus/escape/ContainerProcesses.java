package dev.nucleus.escape;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Processes of a container, as the host sees them: those in its cgroups, and those with a unique word in their command
 * line.
 *
 * @param id of the container
 * @param word a unique word in the workload's command line, the only way to find a container without cgroups
 */
record ContainerProcesses(String id, String word) {

    private static final Path PROC = Path.of("/proc");

    /** The processes that are alive, without zombies. */
    List<Long> alive() {
        try (Stream<Path> entries = Files.list(PROC)) {
            return entries.map(entry -> entry.getFileName().toString())
                    .filter(name -> name.matches("\\d+"))
                    .filter(pid -> belongs(pid) && !isZombie(pid))
                    .map(Long::parseLong)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean belongs(String pid) {
        String command = read(pid, "cmdline");
        boolean commanded = Arrays.asList(command.split("\0")).contains(word);
        // gVisor's own processes name their container.
        boolean sandbox = command.startsWith("runsc") && command.contains(id);
        return commanded || sandbox || read(pid, "cgroup").contains(id);
    }

    private static boolean isZombie(String pid) {
        String stat = read(pid, "stat");
        int end = stat.lastIndexOf(')');
        return end < 0 || stat.startsWith(" Z", end + 1) || stat.startsWith(" X", end + 1);
    }

    /** The supervisor: the nearest ancestor named {@code nucleus-shim}. */
    Optional<ProcessHandle> shim() {
        return alive().stream()
                .flatMap(pid -> Stream.iterate(
                                ProcessHandle.of(pid),
                                Optional::isPresent,
                                handle -> handle.flatMap(ProcessHandle::parent))
                        .flatMap(Optional::stream))
                .filter(handle ->
                        read(Long.toString(handle.pid()), "comm").strip().equals("nucleus-shim"))
                .findFirst();
    }

    /** Cleans up after a failed test. */
    void kill() {
        alive().forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
    }

    private static String read(String pid, String file) {
        try {
            return Files.readString(PROC.resolve(pid).resolve(file), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            // The process has exited meanwhile.
            return "";
        }
    }
}
