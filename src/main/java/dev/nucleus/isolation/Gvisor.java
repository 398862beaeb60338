package dev.nucleus.isolation;

import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.GvisorPlatform;
import dev.nucleus.spec.Network;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * gVisor's program, runsc, as this host has it, and how it is called.
 *
 * @see <a href="https://gvisor.dev/docs/user_guide/quick_start/oci/">gVisor, OCI quick start</a>
 */
record Gvisor(Path program, Optional<GvisorPlatform> platform) {

    private static final Logger log = LoggerFactory.getLogger(Gvisor.class);

    /** Where alone it is looked for: it runs as root. */
    static final List<Path> PLACES =
            List.of(Path.of("/usr/local/sbin/runsc"), Path.of("/usr/local/bin/runsc"), Path.of("/usr/bin/runsc"));

    private static final int WRITABLE_BY_OTHERS = 022;

    /** The first that only root can have put there. */
    static Optional<Path> find() {
        return PLACES.stream().filter(Gvisor::trusted).findFirst();
    }

    /** A file of root's in a directory of root's, by way of links that are root's, none of which others may change. */
    static boolean trusted(Path program) {
        try {
            if (!Files.isExecutable(program)) {
                return false;
            }
            Path real = program.toRealPath();
            for (Path path : List.of(program, program.getParent(), real, real.getParent())) {
                int mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
                int owner = (int) Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
                if (owner != 0 || !Files.isSymbolicLink(path) && (mode & WRITABLE_BY_OTHERS) != 0) {
                    log.warn("{} is not used: {} could have been changed by others than root", program, path);
                    return false;
                }
            }
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** What every call of it begins with. Its own control groups are not wanted: all of it is in the container's. */
    List<String> call(Path directory, ContainerSpec spec, String command) {
        var words = new ArrayList<>(List.of(
                program.toString(), "--root=" + directory.resolve("runsc"), "--ignore-cgroups", "--oci-seccomp"));
        words.add("--network=" + (spec.network() == Network.HOST ? "host" : "none"));
        if (spec.filesystem().overlay().isPresent()) {
            words.add("--overlay2=root:memory");
        }
        platform.ifPresent(value -> words.add("--platform=" + value));
        words.add(command);
        return words;
    }
}
