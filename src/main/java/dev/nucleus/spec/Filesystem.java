package dev.nucleus.spec;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a container sees of files.
 *
 * @param rootfs a directory that becomes the container's {@code /}; empty: the host's programs, read-only
 * @param rootfsSha256 what the manifest of the rootfs must hash to; empty: whatever its owner attested
 */
public record Filesystem(
        Optional<Path> rootfs,
        Optional<String> rootfsSha256,
        List<VolumeMount> volumes,
        List<TmpfsMount> tmpfs,
        List<SecretMount> secrets) {

    public static final Filesystem DEFAULT =
            new Filesystem(Optional.empty(), Optional.empty(), List.of(), List.of(), List.of());

    public Filesystem {
        volumes = List.copyOf(volumes);
        tmpfs = List.copyOf(tmpfs);
        secrets = List.copyOf(secrets);
        if (secrets.stream().map(SecretMount::target).distinct().count() != secrets.size()) {
            throw new InvalidSpecException("two secrets have the same target");
        }
        if (rootfsSha256.isPresent() && rootfs.isEmpty()) {
            throw new InvalidSpecException("rootfs-sha256 needs the rootfs that it is of");
        }
        rootfsSha256.ifPresent(PolicySource::checkDigest);
    }
}
