package dev.nucleus.fleet;

import dev.nucleus.container.ContainerRecord;
import dev.nucleus.preparation.NamedFiles;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.ServiceSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Digests of the files of a service, its secrets and policies. A running container keeps their content as of its
 * launch, so it is outdated when they change, as when its specification changes.
 *
 * <p>Each digest is keyed with a random salt, which is stored before it: a record does not reveal whether two services
 * have the same password, and precomputed digests of common passwords do not help.
 */
final class FileDigests {

    private static final Logger log = LoggerFactory.getLogger(FileDigests.class);
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int SALT = 16;
    private static final String SEPARATOR = ":";

    private FileDigests() {}

    /** Digests by file name as in the specification, without unreadable files, which a launch reports. */
    static Map<String, String> of(ServiceSpec service) {
        var digests = new TreeMap<String, String>();
        for (String name : NamedFiles.of(service.container())) {
            var salt = new byte[SALT];
            RANDOM.nextBytes(salt);
            try {
                digests.put(name, digest(HexFormat.of().formatHex(salt), name));
            } catch (IOException | InvalidSpecException e) {
                log.debug("{} can't be read: {}", name, e.getMessage());
            }
        }
        return digests;
    }

    /**
     * The files whose content has changed since a launch. If a file can't be read now, its container is kept and a
     * warning is logged.
     */
    static List<String> changed(ServiceSpec service, ContainerRecord.ReplicaRecord launched) {
        Map<String, String> then = launched.fileDigests();
        var changed = new ArrayList<String>();
        for (String name : NamedFiles.of(service.container())) {
            Optional<String> before = Optional.ofNullable(then).map(digests -> digests.get(name));
            if (before.isPresent()) {
                try {
                    String salt = before.get().substring(0, before.get().indexOf(SEPARATOR));
                    if (!digest(salt, name).equals(before.get())) {
                        changed.add(name);
                    }
                } catch (IOException | InvalidSpecException e) {
                    log.warn(
                            "'{}/{}-{}' keeps the {} of its launch: can't check whether it has changed: {}",
                            launched.fleet(),
                            launched.service(),
                            launched.number(),
                            name,
                            e.getMessage());
                }
            }
        }
        return changed;
    }

    private static String digest(String salt, String name) throws IOException {
        return salt + SEPARATOR + NamedFiles.digest(name, salt.getBytes(StandardCharsets.US_ASCII));
    }
}
