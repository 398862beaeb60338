package dev.nucleus.spec;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What one container runs, and within which limits: everything a launch can ask for.
 *
 * @param command the program and its arguments
 * @param env variables besides the defaults; the host's never get in
 * @param rootfs a directory that becomes the container's {@code /}; empty: the host's programs, read-only
 * @param user empty: an unprivileged user of the container's own
 * @param pids the most processes; 0: no limit
 * @param seccomp the name of a profile
 * @param capabilities those to keep, without {@code CAP_}
 * @param allowDegraded whether a layer this host can't apply may be left out (agent mode only)
 */
public record ContainerSpec(
        Mode mode,
        List<String> command,
        SortedMap<String, String> env,
        Optional<String> workdir,
        Optional<Path> rootfs,
        Optional<User> user,
        Optional<MemorySize> memory,
        Optional<Cpus> cpus,
        int pids,
        int openFiles,
        List<VolumeMount> volumes,
        List<TmpfsMount> tmpfs,
        Network network,
        String seccomp,
        List<String> capabilities,
        boolean allowDegraded) {

    public static final int DEFAULT_PIDS = 512;
    public static final int DEFAULT_OPEN_FILES = 1024;
    public static final String DEFAULT_SECCOMP = "default";
    private static final int MOST_PIDS = 4_194_304;

    public ContainerSpec {
        command = List.copyOf(command);
        env = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(env));
        volumes = List.copyOf(volumes);
        tmpfs = List.copyOf(tmpfs);
        capabilities = List.copyOf(capabilities);
        if (command.isEmpty()) {
            throw new InvalidSpecException("a command is needed, such as [/bin/server, --port, \"8080\"]");
        }
        if (command.stream().anyMatch(part -> part.indexOf('\0') >= 0)) {
            throw new InvalidSpecException("a command can't hold a NUL character");
        }
        for (String name : env.keySet()) {
            if (!name.matches("[A-Za-z_][A-Za-z0-9_]*")) {
                throw new InvalidSpecException("'" + name + "' can't name an environment variable");
            }
        }
        if (pids < 0 || pids > MOST_PIDS) {
            throw new InvalidSpecException("pids is 0 (no limit) to " + MOST_PIDS + ", was " + pids);
        }
        workdir.ifPresent(path -> {
            if (!path.equals("/")) {
                ContainerPath.check(path);
            }
        });
    }

    /** A container of the given mode with every default. */
    public static ContainerSpec of(Mode mode, List<String> command) {
        return new ContainerSpec(
                mode,
                command,
                new TreeMap<>(Map.of()),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                DEFAULT_PIDS,
                DEFAULT_OPEN_FILES,
                List.of(),
                List.of(),
                Network.NONE,
                DEFAULT_SECCOMP,
                List.of(),
                false);
    }
}
