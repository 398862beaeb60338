package dev.nucleus.isolation;

import dev.nucleus.kernel.HostFeatures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * Ends what is left in the control groups of a container whose shim was killed, and removes them: the shim would have done
 * it. The container dies with its shim, but directories stay, and what a container's end leaves behind is looked for.
 */
@Component
public final class CgroupRemains {

    private static final Logger log = LoggerFactory.getLogger(CgroupRemains.class);
    private static final Duration DYING = Duration.ofSeconds(5);
    private static final long PAUSE_NANOS = 2_000_000;
    /** Passes over the members: some may be forked while others are killed. */
    private static final int KILL_TURNS = 1000;

    private final CgroupLayout layout;

    CgroupRemains(HostFeatures host) {
        this.layout = CgroupLayout.of(host.cgroups());
    }

    /** Waits for members that are still dying: rmdir(2) answers EBUSY until the last has gone. */
    public void remove(String id) {
        end(id);
        layout.directories(CgroupLayout.nameOf(id)).forEach(CgroupRemains::remove);
    }

    /** Ends every process in them, whoever supervises it. */
    public void end(String id) {
        thaw(id);
        layout.directories(CgroupLayout.nameOf(id)).forEach(CgroupRemains::kill);
    }

    /** Thaws the groups: in a version 1 hierarchy a frozen process does not even die. */
    public void thaw(String id) {
        layout.directories(CgroupLayout.nameOf(id)).forEach(CgroupRemains::thaw);
    }

    /** Kills every process that is left: at once in version 2 (cgroup.kill), else until no member is left. */
    private static void kill(Path directory) {
        Path kill = directory.resolve("cgroup.kill");
        try {
            if (Files.exists(kill)) {
                Files.writeString(kill, "1");
                return;
            }
            for (int turn = 0; turn < KILL_TURNS && killMembers(directory); turn++) {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        } catch (NoSuchFileException e) {
            // The group never existed, or is gone.
            return;
        } catch (IOException e) {
            log.warn("can't end what is left in {}: {}", directory, e.toString());
        }
    }

    /** Whether there were any. A number that another process has by now is passed over: a handle knows the start time. */
    private static boolean killMembers(Path directory) throws IOException {
        boolean any = false;
        for (String pid : Files.readAllLines(directory.resolve("cgroup.procs"))) {
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
                    .anyMatch(line -> line.endsWith("/" + directory.getFileName()));
        } catch (IOException e) {
            return false;
        }
    }

    /** The frozen of a version 1 hierarchy do not die before they are let go. */
    private static void thaw(Path directory) {
        Path state = directory.resolve("freezer.state");
        try {
            if (Files.exists(state)) {
                Files.writeString(state, "THAWED");
            }
        } catch (IOException e) {
            log.warn("can't let go what is frozen in {}: {}", directory, e.toString());
        }
    }

    private static void remove(Path directory) {
        long until = System.nanoTime() + DYING.toNanos();
        while (Files.isDirectory(directory)) {
            try {
                Files.delete(directory);
            } catch (IOException e) {
                if (System.nanoTime() > until) {
                    log.warn("the cgroup {} of a container whose shim was killed stays: {}", directory, e.toString());
                    return;
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }
}
