package dev.nucleus.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A part of the version 2 hierarchy that was given to an ordinary user (Documentation/admin-guide/cgroup-v2.rst,
 * "Delegation"; systemd's {@code Delegate=}).
 */
final class CgroupDelegation {

    private static final Logger log = LoggerFactory.getLogger(CgroupDelegation.class);

    /** Where the manager and its shims live: a directory that hands controllers down can't have members of its own. */
    static final String LEAF = "manager";

    private static final Set<String> NEEDED = Set.of("memory", "pids");

    private CgroupDelegation() {}

    /**
     * The directory below which this process may make control groups. It has moved into a leaf of that if it was in it
     * itself.
     *
     * @param mount of the version 2 hierarchy
     * @param membership the text of /proc/self/cgroup
     * @return empty: none was given, or not with the controllers for memory and processes, or others live in it
     */
    static Optional<Path> take(Path mount, String membership) {
        Optional<Path> own = membership
                .lines()
                .filter(line -> line.startsWith("0::/"))
                .map(line -> mount.resolve(line.substring("0::/".length())))
                .findFirst();
        Optional<Path> taken = own.filter(CgroupDelegation::given)
                .filter(CgroupDelegation::vacate)
                // As systemd's DelegateSubgroup= has it, or a manager before this one.
                .or(() -> own.map(Path::getParent).filter(parent -> !parent.equals(mount) && given(parent)));
        taken.ifPresent(directory ->
                outweigh(directory, own.filter(leaf -> !leaf.equals(directory)).orElse(directory.resolve(LEAF))));
        return taken;
    }

    /**
     * Gives the manager and its shims more weight than containers, whose control groups lie beside the leaf: else the manager of
     * many that are busy would answer late.
     */
    private static void outweigh(Path directory, Path leaf) {
        if (!CgroupHierarchies.controllers(directory).contains("cpu")) {
            return;
        }
        try {
            Files.writeString(directory.resolve("cgroup.subtree_control"), "+cpu");
            Files.writeString(leaf.resolve("cpu.weight"), Integer.toString(100 * ProcessorShare.CONTAINERS));
        } catch (IOException e) {
            log.info("the manager gets no more weight than a container: {}", e.toString());
        }
    }

    private static boolean given(Path directory) {
        try {
            return Files.isWritable(directory)
                    && Files.isWritable(directory.resolve("cgroup.procs"))
                    && Files.isWritable(directory.resolve("cgroup.subtree_control"))
                    && CgroupHierarchies.controllers(directory).containsAll(NEEDED);
        } catch (SecurityException e) {
            return false;
        }
    }

    private static boolean vacate(Path directory) {
        String self = Long.toString(ProcessHandle.current().pid());
        try {
            List<String> members = Files.readAllLines(directory.resolve("cgroup.procs"));
            if (!members.equals(List.of(self))) {
                log.info(
                        "{} is delegated, but others than the manager live in it: containers get no limits; start it "
                                + "in a control group of its own",
                        directory);
                return false;
            }
            Path leaf = directory.resolve(LEAF);
            if (!Files.isDirectory(leaf)) {
                Files.createDirectory(leaf);
            }
            Files.writeString(leaf.resolve("cgroup.procs"), self);
            return true;
        } catch (IOException e) {
            log.info("{} is delegated, but the manager can't leave it: {}", directory, e.toString());
            return false;
        }
    }
}
