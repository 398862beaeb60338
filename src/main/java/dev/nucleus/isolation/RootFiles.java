package dev.nucleus.isolation;

import dev.nucleus.kernel.FileStat;
import dev.nucleus.plan.HostPath;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.MountAttributes;
import dev.nucleus.plan.RootfsStep;
import dev.nucleus.plan.RootfsStep.Owners;
import dev.nucleus.preparation.ContainerRoot;
import dev.nucleus.preparation.HostRoot;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.preparation.RootfsLinks;
import dev.nucleus.rootfs.RootfsAttestation;
import dev.nucleus.rootfs.RootfsTree;
import dev.nucleus.spec.MemorySize;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/** The top-level directories of a container: those of a root filesystem, or the host's programs. */
final class RootFiles {

    private static final String LAYER = FilesystemLayer.NAME;

    /** The same path as in native/src/launch/overlay.h. */
    private static final String LAYERS = "/.layers";

    private RootFiles() {}

    static void rootfs(PreparedLaunch launch, ContainerRoot.Rootfs found, RootTree tree, LaunchPlan.Builder plan) {
        Path rootfs = found.path();
        String attested = found.attested().map(RootFiles::words).orElse("");
        Optional<MemorySize> overlay = launch.spec().filesystem().overlay();
        // gVisor mounts an overlay of its own.
        if (overlay.isPresent() && !launch.usesGvisor()) {
            tree.add(new RootfsStep.Directory(LAYERS));
            tree.add(new RootfsStep.Tmpfs(
                    LAYERS,
                    "size=" + overlay.get().bytes() + ",mode=700",
                    MountAttributes.NO_SUID | MountAttributes.NO_DEV));
            forEachTopLevel(found.tree(), entry -> overlayTop(rootfs, entry, tree, plan.mapped()));
            tree.add(new RootfsStep.Detach(LAYERS));
        } else {
            forEachTopLevel(found.tree(), entry -> bindTopLevel(rootfs, entry, tree, plan.mapped()));
        }
        overlay.ifPresentOrElse(
                size -> plan.can(
                        LAYER,
                        "change its root filesystem in memory, until it ends",
                        "overlay: " + size + "; rootfs " + rootfs + " itself is read-only" + attested),
                () -> plan.cannot(LAYER, "change its programs", "rootfs " + rootfs + " is read-only" + attested));
    }

    private static String words(RootfsAttestation.Result attested) {
        return " and attested: %d files, manifest sha256 %s".formatted(attested.files(), attested.digest());
    }

    /**
     * A link stays a link (/bin → usr/bin); a directory is bound read-only, if it was not replaced since it was found.
     */
    private static void bindTopLevel(Path rootfs, RootfsTree.Entry entry, RootTree tree, boolean mapped) {
        String target = "/" + entry.name();
        switch (entry.type()) {
            case SYMBOLIC_LINK -> tree.add(new RootfsStep.Symlink(target, entry.linkTarget()));
            case DIRECTORY ->
                tree.bind(
                        target,
                        found(rootfs, entry),
                        MountAttributes.SEALED,
                        mapped ? Owners.MAPPED_WHERE_POSSIBLE : Owners.HOST);
            case REGULAR_FILE, FIFO, SOCKET, DEVICE -> {
                // The manifest, and file types that don't belong in a root directory.
            }
        }
    }

    private static HostPath found(Path rootfs, RootfsTree.Entry entry) {
        return HostPath.ofRootfs(rootfs.resolve(entry.name()).toString()).verified(entry.device(), entry.inode());
    }

    private static void overlayTop(Path rootfs, RootfsTree.Entry entry, RootTree tree, boolean mapped) {
        if (entry.type() == FileStat.Type.DIRECTORY) {
            String target = "/" + entry.name();
            tree.add(new RootfsStep.Directory(target));
            tree.add(new RootfsStep.Overlay(
                    target, found(rootfs, entry), mapped ? Owners.MAPPED_WHERE_POSSIBLE : Owners.HOST));
        } else {
            bindTopLevel(rootfs, entry, tree, mapped);
        }
    }

    static void forEachTopLevel(RootfsTree rootfs, Consumer<RootfsTree.Entry> action) {
        rootfs.entries().stream()
                .filter(entry -> !RootfsLinks.OWN_TREES.contains(entry.name()))
                .forEach(action);
    }

    /** Replaces resolv.conf(5), if the root filesystem has one. */
    static void resolver(Path file, RootTree tree) {
        tree.add(new RootfsStep.Bind("/etc/resolv.conf", HostPath.own(file.toString()), MountAttributes.SEALED, true));
    }

    static void bindHostPrograms(HostRoot host, RootTree tree) {
        for (HostRoot.Tree top : host.trees()) {
            top.linkTarget()
                    .ifPresentOrElse(
                            target -> tree.add(new RootfsStep.Symlink(top.path(), target)),
                            () -> tree.bind(top.path(), HostPath.own(top.path()), MountAttributes.SEALED, Owners.HOST));
        }
    }
}
