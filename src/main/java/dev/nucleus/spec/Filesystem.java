package dev.nucleus.spec;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a container sees of files. Mounts are only where they may be ({@link MountTargets}).
 *
 * @param rootfs a directory that becomes the container's {@code /}; empty: the host's programs, read-only
 * @param rootfsSha256 what the manifest of the rootfs must hash to; empty: whatever its owner attested
 * @param overlay most memory for what is written to the rootfs, whose own files stay as they are; empty: it can't be
 *     written to
 * @param context a directory to read
 * @param workspace a directory to work in
 * @param home memory limit of the user's home, which is the container's own
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

    /** Where the user's home is, unless a volume is there. */
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
            throw new InvalidSpecException("rootfs-sha256 needs the rootfs that it is of");
        }
        if (overlay.isPresent() && rootfs.isEmpty()) {
            throw new InvalidSpecException("overlay needs a rootfs: the host's own programs are never written over");
        }
        rootfsSha256.ifPresent(PolicySource::checkDigest);
    }
}
