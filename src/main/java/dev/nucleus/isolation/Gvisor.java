package dev.nucleus.isolation;

import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.GvisorPlatform;
import dev.nucleus.spec.Network;
import java.nio.file.Files;
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

    /** The first that only root can have put there. */
    static Optional<Path> find() {
        return PLACES.stream().filter(Gvisor::trusted).findFirst();
    }

    static boolean trusted(Path program) {
        if (!Files.exists(program)) {
            return false;
        }
        Optional<String> objection = TrustedProgram.objection(program);
        objection.ifPresent(reason -> log.warn("{} is not used: {}", program, reason));
        return objection.isEmpty();
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
