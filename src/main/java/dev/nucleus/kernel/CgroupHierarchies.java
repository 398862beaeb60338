package dev.nucleus.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The control-group hierarchies this process can see (cgroups(7)).
 *
 * @param unified directory of the v2 hierarchy, if mounted, in which this process may create control groups
 * @param unifiedControllers controllers that v2 offers there
 * @param legacy mount point of each v1 controller
 * @param delegated whether that directory is delegated to an ordinary user
 */
public record CgroupHierarchies(
        Optional<Path> unified, Set<String> unifiedControllers, Map<String, Path> legacy, boolean delegated) {

    private static final Set<String> CONTROLLERS =
            Set.of("cpu", "cpuacct", "cpuset", "memory", "pids", "blkio", "freezer", "devices");

    public CgroupHierarchies(Optional<Path> unified, Set<String> unifiedControllers, Map<String, Path> legacy) {
        this(unified, unifiedControllers, legacy, false);
    }

    /** The hierarchies for an ordinary user, who may create control groups only in a delegated directory. */
    CgroupHierarchies ofUser(String membership) {
        return unified.flatMap(mount -> CgroupDelegation.take(mount, membership))
                .map(given -> new CgroupHierarchies(Optional.of(given), controllers(given), Map.of(), true))
                .orElse(this);
    }

    /** Whether limits are set in the v2 hierarchy. */
    public boolean limitsAreUnified() {
        return unified.isPresent() && unifiedControllers.containsAll(Set.of("memory", "pids"));
    }

    /**
     * @param mountinfo the text of /proc/self/mountinfo (proc_pid_mountinfo(5))
     */
    static CgroupHierarchies read(String mountinfo) {
        Optional<Path> unified = Optional.empty();
        var legacy = new HashMap<String, Path>();
        for (String line : MountTable.lines(mountinfo).toList()) {
            int separator = line.indexOf(" - ");
            if (separator < 0) {
                continue;
            }
            String[] head = line.substring(0, separator).split(" ");
            String[] tail = line.substring(separator + 3).split(" ");
            Path mountPoint = Path.of(head[4]);
            if (tail[0].equals("cgroup2") && unified.isEmpty()) {
                unified = Optional.of(mountPoint);
            } else if (tail[0].equals("cgroup")) {
                List.of(tail[2].split(",")).stream()
                        .filter(CONTROLLERS::contains)
                        .forEach(controller -> legacy.putIfAbsent(controller, mountPoint));
            }
        }
        return new CgroupHierarchies(
                unified, unified.map(CgroupHierarchies::controllers).orElse(Set.of()), legacy);
    }

    static Set<String> controllers(Path root) {
        try {
            String text = Files.readString(root.resolve("cgroup.controllers")).strip();
            return text.isEmpty() ? Set.of() : Set.of(text.split(" "));
        } catch (IOException e) {
            return Set.of();
        }
    }
}
