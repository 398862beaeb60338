package dev.nucleus.escape;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A directory of the host that must not change in any entry's kind, owner, mode, inode or contents. */
final class Victim {

    private final Path directory;
    private final SortedMap<String, String> before;

    private Victim(Path directory) throws IOException {
        this.directory = directory;
        this.before = snapshot();
    }

    /** @param owner the owner of every entry */
    static Victim create(Path directory, int owner) throws IOException {
        Files.createDirectory(directory);
        for (String name : List.of("app", "sub", "inner")) {
            Path below = Files.createDirectory(directory.resolve(name));
            Files.writeString(below.resolve("file"), "the host's own, in " + name);
        }
        Path secret = Files.writeString(directory.resolve("file"), "the host's secret");
        Files.setAttribute(secret, "unix:mode", 0600);
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.toList()) {
                Files.setAttribute(file, "unix:uid", owner);
                Files.setAttribute(file, "unix:gid", owner);
            }
        }
        return new Victim(directory);
    }

    Path directory() {
        return directory;
    }

    private SortedMap<String, String> snapshot() throws IOException {
        var seen = new TreeMap<String, String>();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.toList()) {
                var attributes =
                        new TreeMap<>(Files.readAttributes(file, "unix:uid,gid,mode,ino", LinkOption.NOFOLLOW_LINKS));
                String content = Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) ? Files.readString(file) : "";
                seen.put(directory.relativize(file).toString(), attributes + " " + content);
            }
        }
        return seen;
    }

    /** Changes since the creation. */
    List<String> differences() throws IOException {
        SortedMap<String, String> now = snapshot();
        return Stream.concat(before.keySet().stream(), now.keySet().stream())
                .distinct()
                .filter(name -> !Objects.equals(before.get(name), now.get(name)))
                .map(name -> directory.resolve(name) + ": was " + before.get(name) + ", is " + now.get(name))
                .toList();
    }
}
