package dev.nucleus.support;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** Requirements of a tier. A missing one is reported loudly, and the test counts as skipped, never as passed. */
public final class Requires {

    private Requires() {}

    public static void root() {
        require("root".equals(System.getProperty("user.name")), "root");
    }

    /** Hierarchies of version 1, one for each controller. */
    public static void legacyCgroups() {
        require(Files.isDirectory(Path.of("/sys/fs/cgroup/freezer")), "cgroups of version 1");
    }

    /** @param packageName the Debian package that has it */
    public static void program(String path, String packageName) {
        require(Files.isExecutable(Path.of(path)), path + " (on Debian: apt-get install " + packageName + ")");
    }

    private static void require(boolean there, String what) {
        if (!there) {
            System.err.println("*** SKIPPED: this test needs " + what);
        }
        assumeTrue(there, "needs " + what);
    }
}
