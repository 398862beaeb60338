package dev.nucleus.preparation;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The host's programs, and the entries of the host's /etc that they need, for containers without a root filesystem.
 *
 * @param trees directories of programs, or links to them
 * @param etc files and directories below /etc
 * @param timeZone target of the link /etc/localtime
 */
public record HostRoot(List<Tree> trees, List<EtcEntry> etc, Optional<String> timeZone) implements ContainerRoot.Base {

    /** Harmless, and needed by programs: the loader's cache, CA certificates, Debian's alternatives. */
    private static final List<String> ETC = List.of(
            "ld.so.cache", "ssl/certs", "alternatives", "java-17-openjdk", "java-21-openjdk", "java-25-openjdk");

    public HostRoot {
        trees = List.copyOf(trees);
        etc = List.copyOf(etc);
    }

    /**
     * A top-level directory, or a link to one.
     *
     * @param linkTarget the link's target; empty: it is a directory
     */
    public record Tree(String path, Optional<String> linkTarget) {}

    public record EtcEntry(String path, boolean directory) {}

    /** Reads the current state, which changes only with an upgrade of the host's system. */
    static HostRoot read() {
        var trees = new ArrayList<Tree>();
        for (String name : RootfsLinks.HOST_TREES) {
            Path path = Path.of("/", name);
            if (RootfsLinks.isLink(path)) {
                trees.add(new Tree(path.toString(), Optional.of(RootfsLinks.read(path))));
            } else if (Files.isDirectory(path)) {
                trees.add(new Tree(path.toString(), Optional.empty()));
            }
        }
        List<EtcEntry> etc = ETC.stream()
                .map(name -> Path.of("/etc", name))
                .filter(Files::exists)
                .map(path -> new EtcEntry(path.toString(), Files.isDirectory(path)))
                .toList();
        return new HostRoot(trees, etc, readTimeZone());
    }

    private static Optional<String> readTimeZone() {
        Path localtime = Path.of("/etc/localtime");
        try {
            return Files.isSymbolicLink(localtime)
                    ? Optional.of(localtime
                            .resolveSibling(Files.readSymbolicLink(localtime))
                            .normalize()
                            .toString())
                    : Optional.empty();
        } catch (IOException e) {
            // Without it, the container shows times in UTC.
            return Optional.empty();
        }
    }
}
