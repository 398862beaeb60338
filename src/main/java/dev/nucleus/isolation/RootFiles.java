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

/** The top directories of a container: those of a root filesystem, or the host's programs. */
final class RootFiles {

    private static final String LAYER = FilesystemLayer.NAME;

    /** As in native/src/launch/overlay.h. */
    private static final String LAYERS = "/.layers";

    private RootFiles() {}

    static void rootfs(PreparedLaunch launch, ContainerRoot.Rootfs found, RootTree tree, LaunchPlan.Builder plan) {
        Path rootfs = found.path();
        String attested = found.attested().map(RootFiles::words).orElse("");
        Optional<MemorySize> overlay = launch.spec().filesystem().overlay();
        // gVisor has an overlay of its own.
        if (overlay.isPresent() && !launch.usesGvisor()) {
            tree.add(new RootfsStep.Directory(LAYERS));
            tree.add(new RootfsStep.Tmpfs(
                    LAYERS,
                    "size=" + overlay.get().bytes() + ",mode=700",
                    MountAttributes.NO_SUID | MountAttributes.NO_DEV));
            eachTop(found.tree(), entry -> overlayTop(rootfs, entry, tree, plan.mapped()));
            tree.add(new RootfsStep.Detach(LAYERS));
        } else {
            eachTop(found.tree(), entry -> bindTop(rootfs, entry, tree, plan.mapped()));
        }
        overlay.ifPresentOrElse(
                size -> plan.can(
                        LAYER,
                        "write over its root filesystem for as long as it lives, in memory",
                        "overlay: " + size + "; rootfs " + rootfs + " stays as it is" + attested),
                () -> plan.cannot(LAYER, "change its programs", "rootfs " + rootfs + " is read-only" + attested));
    }

    private static String words(RootfsAttestation.Result attested) {
        return " and attested: %d files, manifest sha256 %s".formatted(attested.files(), attested.digest());
    }

    /** A link stays a link (/bin → usr/bin), a directory is bound read-only: what was found there may be another by now. */
    private static void bindTop(Path rootfs, RootfsTree.Entry entry, RootTree tree, boolean mapped) {
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
                // The manifest, and what no root directory has.
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
            bindTop(rootfs, entry, tree, mapped);
        }
    }

    static void eachTop(RootfsTree rootfs, Consumer<RootfsTree.Entry> action) {
        rootfs.entries().stream()
                .filter(entry -> !RootfsLinks.OWN_TREES.contains(entry.name()))
                .forEach(action);
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
