package dev.nucleus.preparation;

import dev.nucleus.rootfs.RootfsAttestation;
import dev.nucleus.rootfs.RootfsTree;
import dev.nucleus.spec.Filesystem;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The root filesystem of a container, as it was found.
 *
 * @param placed the specification's mounts, each in the resolved directory of its target ({@link RootfsLinks#place})
 * @param programs directories that programs may be run from; empty where no rule needs them
 */
public record ContainerRoot(Base base, Filesystem placed, List<ProgramTree> programs) {

    public ContainerRoot {
        programs = List.copyOf(programs);
    }

    /** Source of the root filesystem. */
    public sealed interface Base permits HostRoot, Rootfs {}

    /**
     * A root filesystem directory.
     *
     * @param attested empty: attestation was not required
     */
    public record Rootfs(Path path, RootfsTree tree, Optional<RootfsAttestation.Result> attested) implements Base {}

    /**
     * A directory of programs, or one above them.
     *
     * @param executable whether programs may be run from everywhere below
     */
    public record ProgramTree(Path path, boolean executable) {}
}
