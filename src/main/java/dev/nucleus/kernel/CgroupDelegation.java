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
 * A part of the version 2 hierarchy that is delegated to an ordinary user (Documentation/admin-guide/cgroup-v2.rst,
 * "Delegation"; systemd's {@code Delegate=}).
 */
final class CgroupDelegation {

    private static final Logger log = LoggerFactory.getLogger(CgroupDelegation.class);

    /**
     * Leaf of the manager and its shims: a control group that enables controllers for its children can't have processes
     * itself.
     */
    static final String LEAF = "manager";

    private static final Set<String> NEEDED = Set.of("memory", "pids");

    private CgroupDelegation() {}

    /**
     * The directory in which this process may create control groups. If it is in that directory itself, it is moved to
     * a leaf of it.
     *
     * @param mount mount point of the version 2 hierarchy
     * @param membership the text of /proc/self/cgroup
     * @return empty: none is delegated, it lacks the memory or pids controller, or other processes are in it
     */
    static Optional<Path> take(Path mount, String membership) {
        Optional<Path> own = membership
                .lines()
                .filter(line -> line.startsWith("0::/"))
                .map(line -> mount.resolve(line.substring("0::/".length())))
                .findFirst();
        Optional<Path> taken = own.filter(CgroupDelegation::given)
                .filter(CgroupDelegation::moveToLeaf)
                // Already moved to a leaf, by systemd's DelegateSubgroup= or an earlier manager.
                .or(() -> own.map(Path::getParent).filter(parent -> !parent.equals(mount) && given(parent)));
        taken.ifPresent(directory -> raiseWeight(
                directory, own.filter(leaf -> !leaf.equals(directory)).orElse(directory.resolve(LEAF))));
        return taken;
    }

    /**
     * Gives the manager and its shims more weight than containers, whose control groups are siblings of the leaf:
     * otherwise a manager of many busy containers would respond late.
     */
    private static void raiseWeight(Path directory, Path leaf) {
        if (!CgroupHierarchies.controllers(directory).contains("cpu")) {
            return;
        }
        try {
            Files.writeString(directory.resolve("cgroup.subtree_control"), "+cpu");
            Files.writeString(leaf.resolve("cpu.weight"), Integer.toString(100 * ProcessorShare.CONTAINERS));
        } catch (IOException e) {
            log.info("the manager's CPU weight can't be raised above a container's: {}", e.toString());
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

    private static boolean moveToLeaf(Path directory) {
        String self = Long.toString(ProcessHandle.current().pid());
        try {
            List<String> members = Files.readAllLines(directory.resolve("cgroup.procs"));
            if (!members.equals(List.of(self))) {
                log.info(
                        "{} is delegated, but has other processes than the manager: containers get no limits; start it "
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
            log.info("{} is delegated, but the manager can't move to a leaf of it: {}", directory, e.toString());
            return false;
        }
    }
}
