package dev.nucleus.isolation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.MountAttributes;
import dev.nucleus.spec.Filesystem;
import dev.nucleus.spec.TmpfsMount;
import dev.nucleus.spec.VolumeMount;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A writable in-memory directory of a container (tmpfs(5)).
 *
 * @param size limit of its contents, in bytes
 * @param owned whether the workload's user owns it; else root does, and {@code mode} grants access
 * @param execute whether its files may be executed or mapped executable
 */
record MemoryMount(String target, long size, int mode, boolean owned, boolean execute) {

    private static final String TMP = "/tmp";
    private static final String SHARED_MEMORY = "/dev/shm";
    private static final long TMP_SIZE = 256L << 20;
    private static final long SHARED_MEMORY_SIZE = 64L << 20;
    private static final int FOR_EVERYBODY = 01777;

    /**
     * All in-memory directories of a container, in mount order: /tmp, /dev/shm and the home, except where the spec has
     * a volume or a tmpfs; then the spec's.
     */
    static List<MemoryMount> of(Filesystem filesystem) {
        var mounts = new ArrayList<MemoryMount>();
        mounts.add(new MemoryMount(TMP, TMP_SIZE, FOR_EVERYBODY, false, false));
        mounts.add(new MemoryMount(SHARED_MEMORY, SHARED_MEMORY_SIZE, FOR_EVERYBODY, false, false));
        mounts.add(new MemoryMount(Filesystem.HOME, filesystem.home().bytes(), 0700, true, filesystem.homeExecute()));
        Set<String> taken = new HashSet<>();
        filesystem.volumes().stream().map(VolumeMount::target).forEach(taken::add);
        filesystem.tmpfs().stream().map(TmpfsMount::target).forEach(taken::add);
        mounts.removeIf(mount -> taken.contains(mount.target()));
        filesystem.tmpfs().forEach(tmpfs -> mounts.add(of(tmpfs)));
        return List.copyOf(mounts);
    }

    private static MemoryMount of(TmpfsMount tmpfs) {
        boolean shared = tmpfs.target().equals(TMP) || tmpfs.target().equals(SHARED_MEMORY);
        return new MemoryMount(
                tmpfs.target(), tmpfs.size().bytes(), shared ? FOR_EVERYBODY : 0755, !shared, tmpfs.execute());
    }

    long attributes() {
        return MountAttributes.NO_SUID | MountAttributes.NO_DEV | (execute ? 0 : MountAttributes.NO_EXEC);
    }

    /** Options of tmpfs(5), in the notation of mount(8) and OCI bundles. */
    List<String> options(LaunchPlan.Identity identity) {
        var options = new ArrayList<>(List.of("size=" + size, "mode=" + Integer.toOctalString(mode)));
        if (owned) {
            options.add("uid=" + identity.uid());
            options.add("gid=" + identity.gid());
        }
        return List.copyOf(options);
    }
}
