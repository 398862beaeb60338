package dev.nucleus.spec;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Forbidden targets of a container's mounts: paths that Nucleus itself provides, their parents and their contents, and
 * targets that are already in use. A mount over {@code /proc} would undo its masks; one over {@code /run/nucleus} would
 * replace a program or a socket of Nucleus.
 */
final class MountTargets {

    /** Reserved by Nucleus, with everything below. */
    private static final List<String> TREES =
            List.of("/proc", "/sys", "/run/nucleus", SecretMount.FOLDER, "/.nucleus", "/.layers");

    /** Reserved by Nucleus, but mounts below are allowed. */
    private static final List<String> DIRECTORIES = List.of("/run", "/dev");

    /** Entries of {@code /dev}; gVisor provides more of them than the native runtime. */
    private static final List<String> DEVICES = List.of(
            "console", "fd", "full", "mqueue", "net", "null", "ptmx", "pts", "random", "stderr", "stdin", "stdout",
            "tty", "urandom", "zero");

    private static final String SHARED_MEMORY = "/dev/shm";

    /** Where a tmpfs is allowed nevertheless: programs keep their sockets and PID files in {@code /run}. */
    private static final Set<String> FREE_FOR_TMPFS = Set.of("/run", SHARED_MEMORY);

    private final List<String> trees = new ArrayList<>(TREES);
    private final List<String> places = new ArrayList<>(DIRECTORIES);
    private final HashMap<String, String> taken = new HashMap<>();

    private MountTargets() {
        DEVICES.forEach(device -> trees.add("/dev/" + device));
        places.add(SHARED_MEMORY);
    }

    /**
     * @throws InvalidSpecException naming the field and the mount whose target is not allowed
     */
    static void check(
            List<VolumeMount> volumes,
            List<TmpfsMount> tmpfs,
            List<SecretMount> secrets,
            Optional<ContextMount> context,
            Optional<WorkspaceMount> workspace) {
        var targets = new MountTargets();
        context.ifPresent(_ -> targets.trees.add(ContextMount.TARGET));
        workspace.ifPresent(_ -> targets.trees.add(WorkspaceMount.TARGET));
        for (VolumeMount volume : volumes) {
            targets.add("volumes", volume.toString(), volume.target(), false);
        }
        for (TmpfsMount mount : tmpfs) {
            if (mount.target().equals(Filesystem.HOME)) {
                throw new InvalidSpecException("tmpfs: " + Filesystem.HOME
                        + " is in memory anyway; write home: for its size, home: 64M:exec to run programs in it");
            }
            targets.add("tmpfs", mount.toString(), mount.target(), FREE_FOR_TMPFS.contains(mount.target()));
        }
        secrets.forEach(secret -> targets.occupy("secrets", secret.source() + ":" + secret.target(), secret.target()));
    }

    private void add(String field, String mount, String target, boolean free) {
        if (!free) {
            Stream.concat(places.stream(), trees.stream())
                    .filter(own -> within(own, target))
                    .findFirst()
                    .ifPresent(own -> {
                        throw refusal(field, mount, "would cover " + own);
                    });
            trees.stream().filter(own -> within(target, own)).findFirst().ifPresent(own -> {
                throw refusal(field, mount, "lies in " + own);
            });
        }
        occupy(field, mount, target);
    }

    private static InvalidSpecException refusal(String field, String mount, String how) {
        return new InvalidSpecException(field + ": '" + mount + "' " + how
                + ", which is Nucleus' own in every container; name another directory, such as /data or /run/name");
    }

    private void occupy(String field, String mount, String target) {
        String other = taken.put(target, field + ": " + mount);
        if (other != null) {
            throw new InvalidSpecException(
                    field + ": '" + mount + "' has the same target as '" + other + "'; give each its own");
        }
    }

    /** Whether a path is the directory or lies below it. */
    private static boolean within(String path, String directory) {
        return path.equals(directory) || path.startsWith(directory + "/");
    }
}
