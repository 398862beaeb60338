package dev.nucleus.kernel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What this host's kernel offers.
 *
 * @param release as uname(2) tells it
 * @param landlockAbi 0: no Landlock
 */
public record HostFeatures(String release, Identity identity, int landlockAbi, CgroupHierarchies cgroups) {

    private static final long LANDLOCK_CREATE_RULESET = 444;
    private static final long LANDLOCK_VERSION_FLAG = 1;

    public static HostFeatures probe() {
        return new HostFeatures(
                read(Path.of("/proc/sys/kernel/osrelease")).strip(),
                Identity.current(),
                probeLandlock(),
                CgroupHierarchies.read(read(Path.of("/proc/self/mountinfo"))));
    }

    /** landlock_create_ruleset(2) with LANDLOCK_CREATE_RULESET_VERSION answers with the ABI. */
    private static int probeLandlock() {
        long abi = Libc.INSTANCE.syscall(
                LANDLOCK_CREATE_RULESET,
                jnr.ffi.Pointer.wrap(jnr.ffi.Runtime.getSystemRuntime(), 0),
                0,
                LANDLOCK_VERSION_FLAG);
        return (int) Math.max(0, abi);
    }

    private static String read(Path path) {
        try {
            return Files.readString(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
