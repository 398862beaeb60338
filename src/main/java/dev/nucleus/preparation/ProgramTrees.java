package dev.nucleus.preparation;

import dev.nucleus.preparation.ContainerRoot.ProgramTree;
import dev.nucleus.spec.Filesystem;
import dev.nucleus.spec.TmpfsMount;
import dev.nucleus.spec.VolumeMount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The directories that programs are run from. A Landlock rule applies to everything below its path, across mounts too,
 * and no rule can take a right away again (Documentation/userspace-api/landlock.rst): where a mount below must not be
 * executable, the entries beside it get rules one by one.
 *
 * @param root the container's root filesystem
 * @param sealed targets of mounts whose files must not be executed
 */
record ProgramTrees(RootfsLinks root, List<Path> sealed) {

    private static final List<String> PROGRAMS =
            List.of("/bin", "/sbin", "/usr", "/lib", "/lib64", "/lib32", "/libx32", "/opt", "/nix");

    /** Limit of entries of one directory. Beyond it, the mount's "noexec" alone must suffice. */
    private static final int MAX_ENTRIES = 1024;

    /** @param filesystem with each mount at its resolved target */
    static List<ProgramTree> find(RootfsLinks root, Filesystem filesystem) {
        var trees = new ProgramTrees(root, sealed(filesystem));
        var found = new ArrayList<ProgramTree>();
        PROGRAMS.stream()
                .map(root::follow)
                .distinct()
                .map(Path::of)
                .filter(root::contains)
                .forEach(tree -> trees.add(tree, found));
        return found;
    }

    /** Targets of mounts whose files must not be executed. */
    private static List<Path> sealed(Filesystem filesystem) {
        return Stream.concat(
                        filesystem.volumes().stream()
                                .filter(volume -> !volume.execute())
                                .map(VolumeMount::target),
                        filesystem.tmpfs().stream()
                                .filter(tmpfs -> !tmpfs.execute())
                                .map(TmpfsMount::target))
                .map(Path::of)
                .toList();
    }

    private void add(Path tree, List<ProgramTree> found) {
        if (sealed.stream().anyMatch(tree::startsWith)) {
            return;
        }
        Optional<List<Path>> entries =
                sealed.stream().anyMatch(target -> target.startsWith(tree)) ? entries(tree) : Optional.empty();
        found.add(new ProgramTree(tree, entries.isEmpty()));
        entries.ifPresent(below -> below.forEach(entry -> add(entry, found)));
    }

    /**
     * The entries except links, whose targets have rules at their own paths; empty: too many, or they can't be listed.
     */
    private Optional<List<Path>> entries(Path tree) {
        if (!Files.isDirectory(root.host(tree))) {
            return Optional.of(List.of());
        }
        try (Stream<Path> entries = Files.list(root.host(tree))) {
            // Others may write to a root filesystem that isn't attested, and create any number of entries.
            List<Path> first = entries.limit(MAX_ENTRIES + 1).toList();
            return first.size() > MAX_ENTRIES
                    ? Optional.empty()
                    : Optional.of(first.stream()
                            .filter(entry -> !Files.isSymbolicLink(entry))
                            .map(entry -> tree.resolve(entry.getFileName()))
                            .sorted()
                            .toList());
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
