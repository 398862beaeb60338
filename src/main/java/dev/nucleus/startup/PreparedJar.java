package dev.nucleus.startup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A jar extracted into a directory beside it, with an AOT cache (JEP 483, JEP 514) of the classes that its start loads.
 * Both are valid only for the same jar and the same JDK, which a stamp file records.
 *
 * @param jar the executable jar as it was built
 * @param directory {@code nucleus.prepared} beside {@code nucleus.jar}
 */
record PreparedJar(Path jar, Path directory) {

    private static final Set<PosixFilePermission> FOR_OTHERS =
            Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

    static PreparedJar of(Path jar) {
        String name = jar.getFileName().toString();
        return new PreparedJar(jar, jar.resolveSibling(name.replaceFirst("\\.jar$", "") + ".prepared"));
    }

    /** The jar with the classes of the application, which refers to the libraries in {@code lib/} beside it. */
    Path classes() {
        return directory.resolve(jar.getFileName());
    }

    Path cache() {
        return directory.resolve("start.aot");
    }

    /** The script that starts the prepared jar without a JVM that looks for it first. */
    Path script() {
        return directory.resolve("start");
    }

    void writeScript(Path java) throws IOException {
        Files.writeString(script(), """
                #!/bin/sh
                # Starts the manager as "java -jar %1$s" does, without the JVM that looks for this directory first.
                here=$(dirname "$(readlink -f "$0")")
                exec '%2$s' "-XX:AOTCache=$here/%3$s" %4$s $NUCLEUS_JAVA_OPTIONS -jar "$here/%1$s" "$@"
                """.formatted(
                        jar.getFileName(), java, cache().getFileName(), String.join(" ", JarCommandLine.JVM_OPTIONS)));
        Files.setPosixFilePermissions(script(), PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private Path stampFile() {
        return directory.resolve("prepared-for");
    }

    /** Identifies the jar by its size and time, which the JVM compares as well, and the JVM that created the cache. */
    static String stamp(Path jar) throws IOException {
        var attributes = Files.readAttributes(jar, BasicFileAttributes.class);
        return "jar of %d bytes, %s%n%s %s%n"
                .formatted(
                        attributes.size(),
                        attributes.lastModifiedTime().toInstant(),
                        System.getProperty("java.vm.name"),
                        System.getProperty("java.vm.version"));
    }

    /** Makes it writable for the owner only, whatever the umask, and writes the stamp. */
    void seal() throws IOException {
        Files.writeString(stampFile(), stamp(jar));
        for (Path part : parts()) {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(part);
            permissions.removeAll(FOR_OTHERS);
            Files.setPosixFilePermissions(part, permissions);
        }
    }

    /** Whether there is a prepared jar, valid or not. */
    boolean present() {
        return Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS) && Files.exists(stampFile());
    }

    /**
     * The reason why it must not be run: another user can write to it, or it was made for another jar or JDK.
     *
     * @return empty when it may be run
     */
    Optional<String> rejectionReason() throws IOException {
        String owner = owner(jar);
        for (Path part : parts()) {
            try {
                Optional<String> reason = rejectionReason(part, owner);
                if (reason.isPresent()) {
                    return reason;
                }
            } catch (NoSuchFileException _) {
                return Optional.of(part + " is missing");
            }
        }
        return Files.readString(stampFile()).equals(stamp(jar))
                ? Optional.empty()
                : Optional.of(directory + " was made from another build of the jar, or by another JDK");
    }

    private List<Path> parts() throws IOException {
        Path libraries = directory.resolve("lib");
        var parts = new ArrayList<>(List.of(directory, classes(), cache(), script(), stampFile(), libraries));
        try (Stream<Path> entries = Files.list(libraries)) {
            entries.forEach(parts::add);
        } catch (NoSuchFileException _) {
            return parts;
        }
        return parts;
    }

    /** An attacker who can write to a part could run code with the rights of the user who starts the jar. */
    private static Optional<String> rejectionReason(Path part, String owner) throws IOException {
        var attributes = Files.readAttributes(part, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (attributes.isSymbolicLink()) {
            return Optional.of(part + " is a link");
        }
        if (!attributes.owner().getName().equals(owner)) {
            return Optional.of(part + " belongs to " + attributes.owner().getName() + ", the jar to " + owner);
        }
        if (!Collections.disjoint(attributes.permissions(), FOR_OTHERS)) {
            return Optional.of(part + " may be written to by others ("
                    + PosixFilePermissions.toString(attributes.permissions()) + ")");
        }
        return Optional.empty();
    }

    private static String owner(Path file) throws IOException {
        return Files.getOwner(file, LinkOption.NOFOLLOW_LINKS).getName();
    }
}
