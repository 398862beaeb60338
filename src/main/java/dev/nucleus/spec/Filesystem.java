package dev.nucleus.spec;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The files that a container sees. Targets of mounts are checked by {@link MountTargets}.
 *
 * @param rootfs a directory that becomes the container's {@code /}; empty: the host's programs, read-only
 * @param rootfsSha256 required SHA-256 of the rootfs' manifest; empty: not pinned
 * @param overlay memory limit of a writable layer over the rootfs, whose own files stay unchanged; empty: the rootfs is
 *     read-only
 * @param context a directory to read
 * @param workspace a directory to work in
 * @param home memory limit of the user's home, a tmpfs of the container
 * @param homeExecute whether programs in the home may be run
 */
public record Filesystem(
        Optional<Path> rootfs,
        Optional<String> rootfsSha256,
        Optional<MemorySize> overlay,
        Optional<ContextMount> context,
        Optional<WorkspaceMount> workspace,
        MemorySize home,
        boolean homeExecute,
        List<VolumeMount> volumes,
        List<TmpfsMount> tmpfs,
        List<SecretMount> secrets) {

    /** The user's home, unless a volume is mounted there. */
    public static final String HOME = "/home/agent";

    public static final MemorySize DEFAULT_HOME = new MemorySize(64L << 20);

    public static final Filesystem DEFAULT = new Filesystem(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            DEFAULT_HOME,
            false,
            List.of(),
            List.of(),
            List.of());

    public Filesystem {
        volumes = List.copyOf(volumes);
        tmpfs = List.copyOf(tmpfs);
        secrets = List.copyOf(secrets);
        MountTargets.check(volumes, tmpfs, secrets, context, workspace);
        if (rootfsSha256.isPresent() && rootfs.isEmpty()) {
            throw new InvalidSpecException("rootfs-sha256 needs a rootfs");
        }
        if (overlay.isPresent() && rootfs.isEmpty()) {
            throw new InvalidSpecException("overlay needs a rootfs: the host's own programs are never overwritten");
        }
        rootfsSha256.ifPresent(PolicySource::checkDigest);
    }
}
