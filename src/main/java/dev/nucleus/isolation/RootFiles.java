package dev.nucleus.isolation;

import dev.nucleus.kernel.FileStat;
import dev.nucleus.plan.HostPath;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.MountAttributes;
import dev.nucleus.plan.RootfsStep;
import dev.nucleus.plan.RootfsStep.Owners;
import dev.nucleus.rootfs.RootfsTree;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.MemorySize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** The top directories of a container: those of a root filesystem, or the host's programs. */
final class RootFiles {

    private static final String LAYER = FilesystemLayer.NAME;

    /** As in native/src/launch/overlay.h. */
    private static final String LAYERS = "/.layers";

    static final List<String> HOST_TREES = List.of("bin", "sbin", "usr", "lib", "lib64", "lib32", "libx32");
    /** Never taken from a root filesystem: the container gets its own. */
    static final Set<String> OWN_TREES = Set.of(
            "proc",
            "sys",
            "dev",
            "tmp",
            "run",
            "home",
            "root",
            "boot",
            "mnt",
            "media",
            "lost+found",
            ".nucleus",
            ".layers");

    private RootFiles() {}

    static void rootfs(
            LaunchRequest request,
            Path rootfs,
            RootfsTree found,
            String attested,
            RootTree tree,
            LaunchPlan.Builder plan) {
        Optional<MemorySize> overlay = request.spec().filesystem().overlay();
        // gVisor has an overlay of its own.
        if (overlay.isPresent() && !request.sandboxed()) {
            tree.add(new RootfsStep.Directory(LAYERS));
            tree.add(new RootfsStep.Tmpfs(
                    LAYERS,
                    "size=" + overlay.get().bytes() + ",mode=700",
                    MountAttributes.NO_SUID | MountAttributes.NO_DEV));
            eachTop(found, entry -> overlayTop(rootfs, entry, tree, plan.mapped()));
            tree.add(new RootfsStep.Detach(LAYERS));
        } else {
            eachTop(found, entry -> bindTop(rootfs, entry, tree, plan.mapped()));
        }
        overlay.ifPresentOrElse(
                size -> plan.can(
                        LAYER,
                        "write over its root filesystem for as long as it lives, in memory",
                        "overlay: " + size + "; rootfs " + rootfs + " stays as it is" + attested),
                () -> plan.cannot(LAYER, "change its programs", "rootfs " + rootfs + " is read-only" + attested));
    }

    /** A link stays a link (/bin → usr/bin), a directory is bound read-only. */
    private static void bindTop(HostPath source, String target, RootTree tree, boolean mapped) {
        Path path = Path.of(source.path());
        try {
            if (RootfsLinks.isLink(path)) {
                tree.add(new RootfsStep.Symlink(
                        target, Files.readSymbolicLink(path).toString()));
            } else if (Files.isDirectory(path)) {
                tree.bind(target, source, MountAttributes.SEALED, mapped ? Owners.MAPPED_WHERE_POSSIBLE : Owners.HOST);
            }
        } catch (IOException e) {
            throw new InvalidSpecException("can't read " + source + ": " + e.getMessage());
        }
    }

    /** As {@link #bindTop(HostPath, String, RootTree, boolean)}, of what was found there: it may be another by now. */
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
                .filter(entry -> !OWN_TREES.contains(entry.name()))
                .forEach(action);
    }

    static void bindHostPrograms(RootTree tree) {
        for (String name : HOST_TREES) {
            bindTop(HostPath.own("/" + name), "/" + name, tree, false);
        }
    }
}
