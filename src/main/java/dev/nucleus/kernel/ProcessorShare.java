package dev.nucleus.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The manager's share of contended processors. The control group of each container has as much weight as the whole
 * manager, so a manager of many busy containers would respond late. As root with the version 1 cpu controller, the
 * manager therefore moves to a group of its own with more weight; with a delegated part of the version 2 hierarchy, its
 * leaf gets that weight ({@link CgroupDelegation}). The manager needs little CPU time, so containers lose little.
 *
 * @see <a href="https://docs.kernel.org/scheduler/sched-design-CFS.html#cfs-group-scheduling">cpu.shares</a>
 */
public final class ProcessorShare {

    private static final Logger log = LoggerFactory.getLogger(ProcessorShare.class);

    /** The manager's weight, as a number of containers with the default weight. */
    static final int CONTAINERS = 20;

    private static final int SHARES = 1024 * CONTAINERS;
    private static final String NAME = "nucleus.manager";

    /** The hierarchy in whose root group this process was before; empty: it was not moved. */
    private static volatile Optional<Path> before = Optional.empty();

    private ProcessorShare() {}

    /** Gives this process alone more weight than its containers for its lifetime, where permitted. */
    public static void raise() {
        try {
            String membership = Files.readString(Path.of("/proc/self/cgroup"));
            Path mount = CgroupHierarchies.read(MountTable.text()).legacy().get("cpu");
            if (mount != null && Files.isWritable(mount.resolve("cgroup.procs")) && isInNoGroup(membership)) {
                move(mount);
            }
        } catch (IOException | RuntimeException e) {
            log.info("the manager's CPU weight can't be raised above a container's: {}", e.toString());
        }
    }

    /**
     * Whether this process is in the root group. Otherwise the administrator has chosen its share.
     *
     * @param membership the text of /proc/self/cgroup
     */
    static boolean isInNoGroup(String membership) {
        return membership.lines().anyMatch(line -> line.matches("\\d+:([a-z,]+,)?cpu(,[a-z,]+)?:/"));
    }

    private static void move(Path mount) throws IOException {
        Path group = mount.resolve(NAME);
        if (!Files.isDirectory(group)) {
            Files.createDirectory(group);
        }
        Files.writeString(group.resolve("cpu.shares"), Integer.toString(SHARES));
        Files.writeString(group.resolve("cgroup.procs"), self());
        before = Optional.of(mount);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> leave(mount, group), "processor-share"));
    }

    private static String self() {
        return Long.toString(ProcessHandle.current().pid());
    }

    /** The group can't be removed while another manager is in it, which then removes it. */
    private static void leave(Path mount, Path group) {
        try {
            Files.writeString(mount.resolve("cgroup.procs"), self());
            Files.deleteIfExists(group);
        } catch (IOException e) {
            log.debug("{} can't be removed: {}", group, e.toString());
        }
    }

    /**
     * Starts a program with the share that this process had before: a new process inherits the group of its parent
     * thread.
     *
     * @throws IOException when the start fails
     */
    public static <T> T outside(Callable<T> start) throws IOException {
        Optional<Path> mount = before;
        var task = new FutureTask<T>(() -> {
            if (mount.isPresent()) {
                // 0: the calling thread (Documentation/admin-guide/cgroup-v1/cgroups.rst, 2.3), which ends after this.
                Files.writeString(mount.get().resolve("tasks"), "0");
            }
            return start.call();
        });
        Thread.ofPlatform().name("outside").start(task);
        try {
            return task.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
