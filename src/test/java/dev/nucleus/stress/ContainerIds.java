package dev.nucleus.stress;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Collects the ID of each launched container from its directory, even when no client received it. Thread-safe. */
final class ContainerIds implements AutoCloseable {

    private final WatchService watch;
    private final Set<String> ids = ConcurrentHashMap.newKeySet();
    private volatile boolean overflowed;

    /** @param containers the directory that contains the containers' directories */
    ContainerIds(Path containers) throws IOException {
        watch = containers.getFileSystem().newWatchService();
        containers.register(watch, StandardWatchEventKinds.ENTRY_CREATE);
        try (var present = Files.list(containers)) {
            present.forEach(path -> ids.add(path.getFileName().toString()));
        }
        Thread.ofPlatform().daemon().name("container-ids").start(this::follow);
    }

    private void follow() {
        try {
            while (true) {
                WatchKey key = watch.take();
                for (WatchEvent<?> event : key.pollEvents()) {
                    if (event.context() instanceof Path name) {
                        ids.add(name.toString());
                    } else {
                        overflowed = true;
                    }
                }
                key.reset();
            }
        } catch (ClosedWatchServiceException e) {
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    Set<String> seen() {
        return Set.copyOf(ids);
    }

    /** Whether some IDs were missed. */
    boolean isIncomplete() {
        return overflowed;
    }

    @Override
    public void close() throws IOException {
        watch.close();
    }
}
