package dev.nucleus.cgroup;

import dev.nucleus.kernel.HostFeatures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * Kills the processes left in the control groups of a container whose shim was killed, and removes the groups, as the
 * shim would have done. The container dies with its shim, but the directories stay, and processes may be left in them.
 */
@Component
public final class CgroupRemoval {

    private static final Logger log = LoggerFactory.getLogger(CgroupRemoval.class);
    private static final Duration EXIT_TIMEOUT = Duration.ofSeconds(5);
    private static final long PAUSE_NANOS = 2_000_000;
    /** Maximum passes over the members: some may be forked while others are killed. */
    private static final int MAX_KILL_PASSES = 1000;

    private final CgroupLayout layout;

    CgroupRemoval(HostFeatures host) {
        this.layout = CgroupLayout.of(host.cgroups());
    }

    /** Kills the remaining processes and removes the groups; rmdir(2) is retried until the last process has exited. */
    public void remove(String id) {
        // Most containers have left none, which costs only a stat(2) for each directory.
        List<Path> left = layout.directories(CgroupLayout.nameOf(id)).stream()
                .filter(directory -> Files.isDirectory(directory))
                .toList();
        left.forEach(CgroupRemoval::thaw);
        left.forEach(CgroupRemoval::kill);
        left.forEach(CgroupRemoval::remove);
    }

    /** Kills every process in the groups, whether it is supervised or not. */
    public void end(String id) {
        thaw(id);
        layout.directories(CgroupLayout.nameOf(id)).forEach(CgroupRemoval::kill);
    }

    /** Thaws the groups: in a version 1 hierarchy, a frozen process doesn't die before it is thawed. */
    public void thaw(String id) {
        layout.directories(CgroupLayout.nameOf(id)).forEach(CgroupRemoval::thaw);
    }

    /** Kills every process that is left: at once in version 2 (cgroup.kill), else until no member is left. */
    private static void kill(Path directory) {
        Path kill = directory.resolve("cgroup.kill");
        try {
            if (Files.exists(kill)) {
                Files.writeString(kill, "1");
                return;
            }
            for (int turn = 0; turn < MAX_KILL_PASSES && killMembers(directory); turn++) {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        } catch (NoSuchFileException e) {
            // The group never existed, or is gone.
            return;
        } catch (IOException e) {
            log.warn("can't kill the processes left in {}: {}", directory, e.toString());
        }
    }

    /**
     * Whether a process of the container has not exited, such as one in an uninterruptible wait; true as well if the
     * groups can't be read.
     */
    public boolean isPopulated(String id) {
        return layout.directories(CgroupLayout.nameOf(id)).stream().anyMatch(CgroupRemoval::hasProcesses);
    }

    private static boolean hasProcesses(Path directory) {
        try {
            return !members(directory).isEmpty();
        } catch (IOException e) {
            log.debug("the members of {} can't be read: {}", directory, e.toString());
            return true;
        }
    }

    /** The PIDs of its processes on the host; empty if there are no control groups, or they can't be read. */
    public Set<Integer> processes(String id) {
        var found = new LinkedHashSet<Integer>();
        for (Path directory : layout.directories(CgroupLayout.nameOf(id))) {
            try {
                members(directory).stream().map(Integer::valueOf).forEach(found::add);
            } catch (IOException e) {
                log.debug("the members of {} can't be read: {}", directory, e.toString());
            }
        }
        return found;
    }

    /** The PID of its PID 1 on the host. */
    public OptionalInt initPid(String id) {
        return processes(id).stream()
                .filter(CgroupRemoval::isInit)
                .mapToInt(Integer::intValue)
                .findFirst();
    }

    /**
     * Whether it is PID 1 of a PID namespace directly below ours; gVisor's runsc makes another one inside.
     *
     * @see <a href="https://man7.org/linux/man-pages/man5/proc_pid_status.5.html">proc_pid_status(5), NSpid</a>
     */
    private static boolean isInit(int pid) {
        Path file = Path.of("/proc", Integer.toString(pid), "status");
        try (Stream<String> status = Files.lines(file, StandardCharsets.ISO_8859_1)) {
            return status.anyMatch(line -> line.equals("NSpid:\t" + pid + "\t1"));
        } catch (IOException | UncheckedIOException e) {
            // It has exited.
            return false;
        }
    }

    /**
     * Members of the group and of those below it, which execs have (native/src/shim/exec_group.h). Empty if it is gone.
     */
    private static List<String> members(Path directory) throws IOException {
        var members = new ArrayList<String>();
        for (Path group : withGroupsBelow(directory)) {
            try {
                members.addAll(Files.readAllLines(group.resolve("cgroup.procs")));
            } catch (NoSuchFileException e) {
                log.debug("{} is gone", group);
            }
        }
        return members;
    }

    /** The groups below first. */
    private static List<Path> withGroupsBelow(Path directory) throws IOException {
        var groups = new ArrayList<Path>();
        try (Stream<Path> entries = Files.list(directory)) {
            entries.filter(entry -> Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS))
                    .forEach(groups::add);
        } catch (NoSuchFileException e) {
            return List.of();
        }
        groups.add(directory);
        return groups;
    }

    /** Whether it killed any. A PID that was reused meanwhile is skipped: a handle knows the start time. */
    private static boolean killMembers(Path directory) throws IOException {
        boolean any = false;
        for (String pid : members(directory)) {
            Optional<ProcessHandle> member = ProcessHandle.of(Long.parseLong(pid));
            if (member.isPresent() && isMember(pid, directory)) {
                any |= member.get().destroyForcibly();
            }
        }
        return any;
    }

    private static boolean isMember(String pid, Path directory) {
        try {
            return Files.readAllLines(Path.of("/proc", pid, "cgroup")).stream()
                    .anyMatch(line -> (line + "/").contains("/" + directory.getFileName() + "/"));
        } catch (IOException e) {
            return false;
        }
    }

    /** Thaws a group of a version 1 hierarchy, whose frozen processes don't die before. */
    private static void thaw(Path directory) {
        Path state = directory.resolve("freezer.state");
        try {
            if (Files.exists(state)) {
                Files.writeString(state, "THAWED");
            }
        } catch (IOException e) {
            log.warn("can't thaw {}: {}", directory, e.toString());
        }
    }

    private static void remove(Path directory) {
        long until = System.nanoTime() + EXIT_TIMEOUT.toNanos();
        while (Files.isDirectory(directory)) {
            try {
                for (Path group : withGroupsBelow(directory)) {
                    Files.deleteIfExists(group);
                }
            } catch (IOException e) {
                if (System.nanoTime() > until) {
                    log.warn("can't remove cgroup {}, left by a shim that was killed: {}", directory, e.toString());
                    return;
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }
}
