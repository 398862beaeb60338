package dev.nucleus.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** What containers could leave on the host: processes, cgroups, mounts, namespaces. */
public final class Remains {

    private Remains() {}

    /** Waits until no cgroup of these containers is left: their shims remove them a moment after the exit. */
    public static void awaitNone(Collection<String> ids) {
        Awaitility.await("no cgroup of " + ids + " is left")
                .atMost(Duration.ofSeconds(20))
                .until(() -> cgroups().stream().noneMatch(path -> ids.stream().anyMatch(path::contains)));
    }

    /** Cgroups of containers in any hierarchy. */
    public static Set<String> cgroups() {
        var found = new TreeSet<String>();
        try (Stream<Path> hierarchies = Files.list(Path.of("/sys/fs/cgroup"))) {
            for (Path hierarchy : hierarchies.filter(Files::isDirectory).toList()) {
                found.addAll(named(hierarchy));
            }
            found.addAll(named(Path.of("/sys/fs/cgroup")));
        } catch (IOException e) {
            return found;
        }
        return found;
    }

    private static List<String> named(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(entry -> entry.getFileName().toString().startsWith("nucleus-"))
                    .map(Path::toString)
                    .toList();
        }
    }

    /** Shims and spawners, as {@code pid name}; not the spare shims that a spawner keeps for the next requests. */
    public static Set<String> processes() {
        var found = new TreeSet<String>();
        try (Stream<Path> entries = Files.list(Path.of("/proc"))) {
            for (Path entry : entries.toList()) {
                String name = name(entry);
                boolean ours = name.startsWith("nucleus-") || name.startsWith("memfd:nucleus");
                if (ours && !name.equals("nucleus-spare")) {
                    found.add(entry.getFileName() + " " + name);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found;
    }

    private static String name(Path process) {
        try {
            return process.getFileName().toString().matches("\\d+")
                    ? Files.readString(process.resolve("comm")).strip()
                    : "";
        } catch (IOException e) {
            // It exited while it was read.
            return "";
        }
    }

    /** The namespaces of all processes, by kind and inode. */
    public static Set<String> namespaces() {
        var found = new TreeSet<String>();
        try (Stream<Path> entries = Files.list(Path.of("/proc"))) {
            for (Path entry : entries.filter(e -> e.getFileName().toString().matches("\\d+"))
                    .toList()) {
                for (String kind : List.of("mnt", "pid", "net", "uts", "ipc", "cgroup", "user")) {
                    try {
                        found.add(Files.readSymbolicLink(entry.resolve("ns").resolve(kind))
                                .toString());
                    } catch (IOException e) {
                        // It exited while it was read.
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found;
    }

    public static List<String> mounts() {
        try {
            return Files.readAllLines(Path.of("/proc/self/mounts"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Deletes a tree without following links. */
    public static void delete(Path directory) throws IOException {
        if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                if (e instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw e;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException e) throws IOException {
                Files.deleteIfExists(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** The elements of {@code now} that are not in {@code before}. */
    public static List<String> added(Collection<String> before, Collection<String> now) {
        var added = new ArrayList<>(now);
        added.removeAll(before);
        return added;
    }
}
