package dev.nucleus.network;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Directories with a file per container, named as its ID. */
final class ContainerFiles {

    private static final Logger log = LoggerFactory.getLogger(ContainerFiles.class);

    private ContainerFiles() {}

    /** Deletes the files of all other containers. */
    static void keepOnly(Path directory, Collection<String> ids) {
        try (Stream<Path> files = Files.list(directory)) {
            List<Path> others = files.filter(
                            file -> !ids.contains(file.getFileName().toString()))
                    .toList();
            for (Path file : others) {
                Files.deleteIfExists(file);
            }
        } catch (NoSuchFileException e) {
            log.debug("there are no files of containers: {}", e.toString());
        } catch (IOException e) {
            log.warn("can't delete the files of ended containers in {}: {}", directory, e.toString());
        }
    }
}
