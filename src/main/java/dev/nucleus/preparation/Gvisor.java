package dev.nucleus.preparation;

import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.GvisorPlatform;
import dev.nucleus.spec.Network;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * gVisor's program, runsc, on this host, and its command line.
 *
 * @see <a href="https://gvisor.dev/docs/user_guide/quick_start/oci/">gVisor, OCI quick start</a>
 */
public record Gvisor(Path program, Optional<GvisorPlatform> platform) {

    private static final Logger log = LoggerFactory.getLogger(Gvisor.class);

    /** The only places where it is looked for, because it runs as root. */
    static final List<Path> PLACES =
            List.of(Path.of("/usr/local/sbin/runsc"), Path.of("/usr/local/bin/runsc"), Path.of("/usr/bin/runsc"));

    /** The first program that only root can have put there, by its path without links. */
    public static Optional<Path> find() {
        return PLACES.stream().flatMap(place -> trusted(place).stream()).findFirst();
    }

    static Optional<Path> trusted(Path program) {
        try {
            return Optional.of(TrustedProgram.at(program).path());
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            log.warn("{} is not used: {}", program, e.getMessage());
            return Optional.empty();
        }
    }

    /** The common part of runsc's command lines. It creates no control groups: it runs in the container's. */
    public List<String> call(Path directory, ContainerSpec spec, String command) {
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
