package dev.nucleus.isolation;

import dev.nucleus.kernel.HostFeatures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * Removes the control groups of a container whose shim was killed: the shim would have done it, and the container dies
 * with it (PR_SET_PDEATHSIG), but directories stay.
 */
@Component
public final class CgroupRemains {

    private static final Logger log = LoggerFactory.getLogger(CgroupRemains.class);
    private static final Duration DYING = Duration.ofSeconds(5);
    private static final long PAUSE_NANOS = 2_000_000;

    private final CgroupLayout layout;

    CgroupRemains(HostFeatures host) {
        this.layout = CgroupLayout.of(host.cgroups());
    }

    /** Waits for members that are still dying: rmdir(2) answers EBUSY until the last has gone. */
    public void remove(String id) {
        List<Path> directories = layout.directories(CgroupLayout.nameOf(id));
        directories.forEach(CgroupRemains::thaw);
        directories.forEach(CgroupRemains::remove);
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
