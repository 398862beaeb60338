package dev.nucleus.isolation;

import dev.nucleus.plan.LaunchPlan.Landlock.PathRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Landlock rules for the directories that programs are run from. A rule holds for everything below its path, across mounts
 * too, and none takes a right away again (Documentation/userspace-api/landlock.rst): where something that no program may
 * run from is mounted below, what lies beside it is allowed entry by entry.
 *
 * @param root the container's root filesystem
 * @param sealed targets of mounts that no program may run from
 * @param handled rights that the kernel knows
 */
record ProgramTrees(RootfsLinks root, List<Path> sealed, long handled) {

    private static final List<String> PROGRAMS =
            List.of("/bin", "/sbin", "/usr", "/lib", "/lib64", "/lib32", "/libx32", "/opt", "/nix");

    /** Entries of one directory. Where there are more, "noexec" of the mount alone must do. */
    private static final int MOST_ENTRIES = 1024;

    List<PathRule> rules() {
        var rules = new ArrayList<PathRule>();
        PROGRAMS.stream()
                .map(root::follow)
                .distinct()
                .map(Path::of)
                .filter(root::contains)
                .forEach(tree -> add(tree, rules));
        return rules;
    }

    private void add(Path tree, List<PathRule> rules) {
        if (sealed.stream().anyMatch(tree::startsWith)) {
            return;
        }
        Optional<List<Path>> entries =
                sealed.stream().anyMatch(target -> target.startsWith(tree)) ? entries(tree) : Optional.empty();
        entries.ifPresentOrElse(
                found -> {
                    rules.add(rule(tree, LandlockRights.READ));
                    found.forEach(entry -> add(entry, rules));
                },
                () -> rules.add(rule(tree, LandlockRights.READ | LandlockRights.EXECUTE)));
    }

    private PathRule rule(Path path, long access) {
        return LandlockRights.rule(path.toString(), access, handled);
    }

    /** Without links: what they lead to has a rule where it lies. Empty: too many, or they can't be listed. */
    private Optional<List<Path>> entries(Path tree) {
        if (!Files.isDirectory(root.host(tree))) {
            return Optional.of(List.of());
        }
        try (Stream<Path> entries = Files.list(root.host(tree))) {
            // Others may write to a root filesystem that isn't attested, as many names as they like.
            List<Path> first = entries.limit(MOST_ENTRIES + 1).toList();
            return first.size() > MOST_ENTRIES
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
