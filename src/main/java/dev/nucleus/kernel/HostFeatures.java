package dev.nucleus.kernel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Features of this host's kernel.
 *
 * @param release as uname(2) reports it
 * @param landlockAbi 0: no Landlock
 * @param lockdown none, integrity or confidentiality (kernel_lockdown(7)); none where it can't be read
 */
public record HostFeatures(
        String release, Identity identity, int landlockAbi, CgroupHierarchies cgroups, String lockdown) {

    private static final long LANDLOCK_CREATE_RULESET = 444;
    private static final long LANDLOCK_VERSION_FLAG = 1;

    private static final String NO_LOCKDOWN = "none";

    public static HostFeatures probe() {
        Identity identity = Identity.current();
        CgroupHierarchies cgroups = CgroupHierarchies.read(mounts());
        return new HostFeatures(
                read(Path.of("/proc/sys/kernel/osrelease")).strip(),
                identity,
                probeLandlock(),
                identity.root() ? cgroups : cgroups.ofUser(read(Path.of("/proc/self/cgroup"))),
                lockdown(Path.of("/sys/kernel/security/lockdown")));
    }

    /** landlock_create_ruleset(2) with LANDLOCK_CREATE_RULESET_VERSION returns the ABI. */
    private static int probeLandlock() {
        long abi = Libc.INSTANCE.syscall(
                LANDLOCK_CREATE_RULESET,
                jnr.ffi.Pointer.wrap(jnr.ffi.Runtime.getSystemRuntime(), 0),
                0,
                LANDLOCK_VERSION_FLAG);
        return (int) Math.max(0, abi);
    }

    /** The file lists all modes, with the active one in brackets. */
    static String lockdown(Path file) {
        if (!Files.isReadable(file)) {
            return NO_LOCKDOWN;
        }
        String text = read(file);
        int open = text.indexOf('[');
        int close = text.indexOf(']');
        return open >= 0 && close > open ? text.substring(open + 1, close) : NO_LOCKDOWN;
    }

    private static String mounts() {
        try {
            return MountTable.text();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path path) {
        try {
            return Files.readString(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
