package dev.nucleus.network;

import dev.nucleus.settings.PrivateDirectories;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Files that exist while containers serve: a later manager lets these serve until it knows better. */
final class ServingMarkers {

    private static final Logger log = LoggerFactory.getLogger(ServingMarkers.class);

    private final Path directory;

    ServingMarkers(Path directory) {
        this.directory = directory;
    }

    boolean isSet(String id) {
        return Files.exists(directory.resolve(id));
    }

    /** Deletes the markers of all other containers. */
    void keepOnly(Collection<String> ids) {
        ContainerFiles.keepOnly(directory, ids);
    }

    void set(String id, boolean serving) {
        try {
            if (serving) {
                PrivateDirectories.create(directory);
                Files.writeString(directory.resolve(id), "");
            } else {
                Files.deleteIfExists(directory.resolve(id));
            }
        } catch (IOException e) {
            log.warn("can't record whether container {} serves: {}", id, e.toString());
        }
    }
}
