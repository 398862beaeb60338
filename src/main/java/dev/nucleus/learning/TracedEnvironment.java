package dev.nucleus.learning;

import dev.nucleus.kernel.FileStat;
import dev.nucleus.kernel.RootedFiles;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The environment of the traced container. Paths come from the workload: they are resolved only below its root and, if
 * it ran the host's programs, only in the host's trees that it could see.
 */
final class TracedEnvironment {

    private static final Set<String> HOST_TREES = Set.of("bin", "sbin", "usr", "lib", "lib64", "lib32", "libx32");

    /** The minimal /etc of a container without a root filesystem of its own (isolation/EtcFiles). */
    private static final List<String> ETC = List.of(
            "passwd",
            "group",
            "hosts",
            "hostname",
            "resolv.conf",
            "nsswitch.conf",
            "localtime",
            "ld.so.cache",
            "ssl/certs",
            "alternatives",
            "java-17-openjdk",
            "java-21-openjdk",
            "java-25-openjdk");

    private static final Set<Path> DEVICES = Set.of(
            Path.of("/dev/null"),
            Path.of("/dev/zero"),
            Path.of("/dev/full"),
            Path.of("/dev/random"),
            Path.of("/dev/urandom"));

    private final boolean hostPrograms;
    private final RootedFiles files;
    private final List<String> writableTargets;

    /**
     * @param root its root filesystem on the host; / if it had none of its own
     * @param writableTargets the targets of its writable mounts
     */
    TracedEnvironment(Path root, RootedFiles files, List<String> writableTargets) {
        this.hostPrograms = root.equals(Path.of("/"));
        this.files = files;
        this.writableTargets = writableTargets;
    }

    private boolean visible(Path path) {
        if (!hostPrograms) {
            return true;
        }
        if (path.startsWith("/etc")) {
            return path.getNameCount() == 1
                    || ETC.stream().map(Path.of("/etc")::resolve).anyMatch(path::startsWith);
        }
        return path.getNameCount() == 0 || HOST_TREES.contains(path.getName(0).toString());
    }

    private Optional<FileStat.Type> type(Path path) {
        return visible(path) ? files.type(path.toString()) : Optional.empty();
    }

    boolean exists(Path path) {
        return DEVICES.contains(path) || type(path).isPresent();
    }

    boolean regular(Path path) {
        return type(path).filter(FileStat.Type.REGULAR_FILE::equals).isPresent();
    }

    boolean directory(Path path) {
        return writableTargets.contains(path.toString())
                || type(path).filter(FileStat.Type.DIRECTORY::equals).isPresent();
    }

    /** The writable mount of the container that contains the path. */
    Optional<String> writable(Path path) {
        return writableTargets.stream().filter(path::startsWith).max(Comparator.comparingInt(String::length));
    }

    List<String> writableTargets() {
        return writableTargets;
    }

    /** The loader of a program, or the interpreter of a script. */
    Optional<Path> interpreter(Path path) {
        return visible(path)
                ? files.head(path.toString(), ProgramInterpreter.HEAD)
                        .flatMap(ProgramInterpreter::of)
                        .filter(interpreter -> interpreter.chars().allMatch(c -> c > ' ' && c < 0x7f))
                        .map(Path::of)
                : Optional.empty();
    }
}
