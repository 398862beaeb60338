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
 * The manager's share of scarce processors. Containers share them by control groups, each counting as much as all of the manager, so
 * a manager of many busy ones would answer late. As root, where the cpu controller is version 1's, the manager therefore lives in a
 * group of its own that outweighs them; a manager that was given a part of the version 2 hierarchy does so in its leaf
 * ({@link CgroupDelegation}). It uses little, so containers lose little.
 *
 * @see <a href="https://docs.kernel.org/scheduler/sched-design-CFS.html#cfs-group-scheduling">cpu.shares</a>
 */
public final class ProcessorShare {

    private static final Logger log = LoggerFactory.getLogger(ProcessorShare.class);

    /** As much as {@value} containers that have the default weight. */
    static final int CONTAINERS = 20;

    private static final int SHARES = 1024 * CONTAINERS;
    private static final String NAME = "nucleus.manager";

    /** Where this process was before; empty: it was not moved. */
    private static volatile Optional<Path> before = Optional.empty();

    private ProcessorShare() {}

    /** Gives this process alone more weight than its containers, where it is permitted, for its lifetime. */
    public static void raise() {
        try {
            String membership = Files.readString(Path.of("/proc/self/cgroup"));
            Path mount = CgroupHierarchies.read(MountTable.text()).legacy().get("cpu");
            if (mount != null && Files.isWritable(mount.resolve("cgroup.procs")) && isInNoGroup(membership)) {
                move(mount);
            }
        } catch (IOException | RuntimeException e) {
            log.info("the manager gets no more weight than a container: {}", e.toString());
        }
    }

    /**
     * Else somebody has decided about the manager's share.
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

    /** Another manager may be in the group, and removes it later. */
    private static void leave(Path mount, Path group) {
        try {
            Files.writeString(mount.resolve("cgroup.procs"), self());
            Files.deleteIfExists(group);
        } catch (IOException e) {
            log.debug("{} stays: {}", group, e.toString());
        }
    }

    /**
     * Starts a program with the share that this process had before: a new process is in the group of the thread that starts it.
     *
     * @throws IOException what the start throws
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
