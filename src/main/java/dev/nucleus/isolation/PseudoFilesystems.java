package dev.nucleus.isolation;

import dev.nucleus.plan.HostPath;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.MountAttributes;
import dev.nucleus.plan.RootfsStep;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Adds /dev, /proc and the in-memory directories to the root. */
final class PseudoFilesystems {

    /** Limit of open pseudo-terminals: the kernel does not charge their buffers to the memory cgroup. */
    static final int TERMINALS = 64;

    private PseudoFilesystems() {}

    static void addDevices(RootTree tree, boolean mapped) {
        tree.add(new RootfsStep.Directory("/dev"));
        tree.add(new RootfsStep.Tmpfs("/dev", "size=64K,mode=755", MountAttributes.NO_SUID | MountAttributes.NO_EXEC));
        Map<String, Integer> devices =
                new TreeMap<>(Map.of("null", 3, "zero", 5, "full", 7, "random", 8, "urandom", 9));
        devices.forEach((name, minor) -> tree.add(
                mapped
                        // Device nodes can't be created in a user namespace (user_namespaces(7)).
                        ? new RootfsStep.Bind(
                                "/dev/" + name,
                                HostPath.own("/dev/" + name),
                                MountAttributes.NO_SUID | MountAttributes.NO_EXEC,
                                false)
                        : new RootfsStep.Device("/dev/" + name, 0666, 1, minor)));
        tree.add(new RootfsStep.Symlink("/dev/fd", "/proc/self/fd"));
        tree.add(new RootfsStep.Symlink("/dev/stdin", "/proc/self/fd/0"));
        tree.add(new RootfsStep.Symlink("/dev/stdout", "/proc/self/fd/1"));
        tree.add(new RootfsStep.Symlink("/dev/stderr", "/proc/self/fd/2"));
    }

    /**
     * Mounts a private devpts instance: it contains no terminal of the host or of another container, and the workload's
     * user owns every terminal in it. /dev/tty is the controlling terminal of the calling process (tty(4)).
     */
    static void addTerminals(RootTree tree, boolean mapped, LaunchPlan.Identity identity) {
        tree.add(new RootfsStep.Directory("/dev/pts"));
        tree.add(new RootfsStep.Devpts(
                "/dev/pts",
                "ptmxmode=0666,mode=0600,uid=%d,gid=%d,max=%d".formatted(identity.uid(), identity.gid(), TERMINALS),
                MountAttributes.NO_SUID | MountAttributes.NO_EXEC));
        tree.add(new RootfsStep.Symlink("/dev/ptmx", "pts/ptmx"));
        tree.add(
                mapped
                        ? new RootfsStep.Bind(
                                "/dev/tty",
                                HostPath.own("/dev/tty"),
                                MountAttributes.NO_SUID | MountAttributes.NO_EXEC,
                                false)
                        : new RootfsStep.Device("/dev/tty", 0666, 5, 0));
    }

    static void addProc(RootTree tree, boolean hide) {
        tree.add(new RootfsStep.Directory("/proc"));
        tree.add(new RootfsStep.Proc(
                "/proc",
                hide ? "hidepid=invisible" : "",
                MountAttributes.NO_SUID | MountAttributes.NO_DEV | MountAttributes.NO_EXEC));
        for (String file : List.of(
                "kallsyms",
                "kcore",
                "sched_debug",
                "timer_list",
                "timer_stats",
                "keys",
                "latency_stats",
                "config.gz",
                "sysrq-trigger",
                "kpagecount",
                "kpageflags",
                "kpagecgroup",
                "interrupts")) {
            tree.add(new RootfsStep.MaskFile("/proc/" + file));
        }
        for (String directory : List.of("acpi", "bus", "irq", "scsi", "sys")) {
            tree.add(new RootfsStep.MaskDirectory("/proc/" + directory));
        }
        tree.add(new RootfsStep.Seal("/proc", MountAttributes.READ_ONLY));
    }

    /** Adds the mount points that gVisor uses, and the program that works for the shim inside. */
    static void addMountPoints(RootTree tree, List<MemoryMount> memory) {
        for (String target : List.of("/dev", "/proc", "/sys", "/run", OciBundle.OWN)) {
            tree.directories(target);
        }
        memory.forEach(mount -> tree.directories(mount.target()));
        tree.add(new RootfsStep.Self(OciBundle.RELAY));
    }

    static void addMemory(RootTree tree, MemoryMount mount, LaunchPlan.Identity identity) {
        tree.directories(mount.target());
        tree.add(new RootfsStep.Tmpfs(mount.target(), String.join(",", mount.options(identity)), mount.attributes()));
    }
}
