package dev.nucleus.rootfs;

import dev.nucleus.kernel.Directory;
import dev.nucleus.kernel.FileName;
import dev.nucleus.kernel.FileStat;
import dev.nucleus.kernel.NewFile;
import dev.nucleus.kernel.Node;
import dev.nucleus.kernel.TrustedPath;
import dev.nucleus.kernel.UntrustedPathException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Builds a root filesystem from some of this host's programs: each with the libraries that it is linked with, links as
 * on the host, named files and directories, and a minimal {@code /etc}. Nothing in it is set-user-ID or writable by
 * others. An instance is used once.
 *
 * <p>The sources are untrusted: nothing in them is executed; links are followed only if root or the manager's own user
 * made them; pipes, sockets and devices are not opened; each file is read and written in a directory that is held open,
 * so that exchanging names meanwhile leads nowhere else.
 */
public final class RootfsBuilder {

    private static final Path ROOT = Path.of("/");
    private static final int DIRECTORY = 0755;
    /** The mode bits that a file keeps. */
    private static final int KEPT = 0755;

    private static final int READABLE = 0400;
    private static final int EXECUTABLE = 0111;

    private static final int MAX_LINKS = 40;
    private static final int MAX_LEVELS = 128;
    private static final int MAX_ENTRIES = 1_000_000;
    private static final int MAX_REPORTED = 1_000;
    private static final long MAX_BYTES = 16L << 30;
    private static final long CHUNK = 1 << 24;

    private final Path place;
    private final Directory top;
    private final SharedLibraries libraries;
    private final Set<String> missing = new TreeSet<>();
    private final Set<String> leftOut = new TreeSet<>();
    /** Directories that are copied recursively. */
    private final List<Path> trees = new ArrayList<>();

    private long entries;
    private long bytes;

    private RootfsBuilder(Path place, Directory top, SharedLibraries libraries) {
        this.place = place;
        this.top = top;
        this.libraries = libraries;
    }

    /**
     * The result of a build.
     *
     * @param missing libraries that a copied file needs and this host does not have
     * @param leftOut what was named but not copied, and why
     * @param bytes total size of all files
     */
    public record Result(
            RootfsAttestation.Result attestation, List<String> missing, List<String> leftOut, long bytes) {}

    /** A user of the container. */
    public record User(String name, int uid, int gid) {

        /** @throws RootfsException if it is not {@code NAME:UID:GID}, with numbers up to 2147483647 */
        public static User parse(String text) {
            String[] parts = text.split(":", -1);
            if (parts.length == 3
                    && parts[0].matches("[a-z_][a-z0-9_-]{0,31}")
                    && parts[1].matches("[0-9]+")
                    && parts[2].matches("[0-9]+")) {
                try {
                    return new User(parts[0], Integer.parseInt(parts[1]), Integer.parseInt(parts[2]));
                } catch (NumberFormatException _) {
                    // Reported below.
                }
            }
            throw new RootfsException("user '" + Text.shown(text)
                    + "' is not NAME:UID:GID, with numbers up to 2147483647, such as web:4711:4711");
        }
    }

    /**
     * Builds and attests a root filesystem.
     *
     * @param top the directory to create
     * @param programs executables, by path
     * @param copies files and directories
     * @throws RootfsException if the directory exists, others could change what is built there, or a program or one of
     *     its libraries is missing
     */
    public static Result build(Path top, List<Path> programs, List<Path> copies, List<User> users) {
        Path wanted = top.toAbsolutePath().normalize();
        if (Files.exists(wanted, LinkOption.NOFOLLOW_LINKS)) {
            throw new RootfsException(wanted + " already exists; build into a new directory, then rename it");
        }
        try (TrustedPath made = create(wanted);
                Directory directory = made.openDirectory()) {
            var builder = new RootfsBuilder(made.path(), directory, new SharedLibraries(LoaderCache.ofThisHost()));
            boolean built = false;
            try {
                builder.fill(programs, copies, users);
                var result = new Result(
                        RootfsAttestation.attest(made.path()),
                        List.copyOf(builder.missing),
                        List.copyOf(builder.leftOut),
                        builder.bytes);
                built = true;
                return result;
            } finally {
                if (!built) {
                    remove(made.path());
                }
            }
        } catch (UntrustedPathException e) {
            throw new RootfsException("can't build the rootfs " + wanted + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new RootfsException("can't build the rootfs " + wanted + ": " + e, e);
        }
    }

    /** Creates the directory and its missing parents where nobody else can replace it. */
    private static TrustedPath create(Path top) throws IOException {
        Path existing = Objects.requireNonNull(top.getParent(), "a path below /");
        while (!Files.exists(existing, LinkOption.NOFOLLOW_LINKS)) {
            existing = Objects.requireNonNull(existing.getParent(), "/ exists");
        }
        Directory above;
        try (TrustedPath opened = TrustedPath.open(existing)) {
            above = opened.openDirectory();
        }
        try {
            Path missing = existing.relativize(top);
            for (int i = 0; i < missing.getNameCount() - 1; i++) {
                Directory below =
                        makeDirectory(above, FileName.of(missing.getName(i).toString()));
                above.close();
                above = below;
            }
            FileName name = FileName.of(missing.getFileName().toString());
            above.createDirectory(name);
            try (Directory made = above.openDirectory(name)) {
                made.setMode(DIRECTORY);
                return TrustedPath.openOwned(top);
            } catch (IOException e) {
                above.deleteDirectory(name);
                throw e;
            }
        } finally {
            above.close();
        }
    }

    private void fill(List<Path> programs, List<Path> copies, List<User> users) throws IOException {
        linkTops();
        addEtc(users);
        for (Path program : programs) {
            addProgram(program);
        }
        for (Path copy : copies) {
            addTree(copy);
        }
    }

    /** Creates links like {@code /bin → usr/bin} where the host has them. */
    private void linkTops() throws IOException {
        for (String name : List.of("bin", "sbin", "lib", "lib32", "lib64", "libx32")) {
            Path host = ROOT.resolve(name);
            if (Files.isSymbolicLink(host)) {
                Path target = Files.readSymbolicLink(host);
                Files.createSymbolicLink(place.resolve(name), target);
                inside(ROOT.resolve(target).normalize()).close();
            }
        }
    }

    private void addEtc(List<User> users) throws IOException {
        var passwd = new StringBuilder("root:x:0:0:root:/:/usr/sbin/nologin\n");
        var group = new StringBuilder("root:x:0:\n");
        for (User user : users) {
            passwd.append("%s:x:%d:%d::/:/usr/sbin/nologin\n".formatted(user.name(), user.uid(), user.gid()));
            group.append("%s:x:%d:\n".formatted(user.name(), user.gid()));
        }
        try (Directory etc = inside(Path.of("/etc"))) {
            writeEtc(etc, "passwd", passwd.toString());
            writeEtc(etc, "group", group.toString());
            writeEtc(etc, "hosts", "127.0.0.1 localhost\n::1 localhost\n");
            // In whose place a container on networks sees the address of its resolver.
            writeEtc(etc, "resolv.conf", "");
            writeEtc(etc, "nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
        }
    }

    private void writeEtc(Directory etc, String name, String text) throws IOException {
        ByteBuffer content = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        bytes += content.remaining();
        try (NewFile file = etc.createFile(FileName.of(name));
                FileChannel to = file.write()) {
            while (content.hasRemaining()) {
                to.write(content);
            }
            file.setMode(0644);
        }
    }

    private void addProgram(Path program) throws IOException {
        try (SourceFile file = SourceFile.open(program)) {
            if (!file.status().isRegularFile() || (file.status().mode() & EXECUTABLE) == 0) {
                throw new RootfsException(program + " is not a program on this host");
            }
        } catch (NoSuchFileException e) {
            throw new RootfsException(program + " is not a program on this host", e);
        }
        Set<String> before = Set.copyOf(missing);
        add(program, false, 0);
        var lacking = new TreeSet<>(missing);
        lacking.removeAll(before);
        if (!lacking.isEmpty()) {
            throw new RootfsException(program + " can't run on this host either: " + String.join(", ", lacking));
        }
    }

    private void addTree(Path tree) throws IOException {
        try (TrustedPath opened = TrustedPath.open(tree)) {
            if (!opened.status().isDirectory()) {
                add(tree, false, 0);
                return;
            }
            trees.add(opened.path());
            try (Directory source = opened.openDirectory();
                    Directory target = inside(opened.path())) {
                addAll(source, target, opened.path(), 0);
            }
        } catch (NoSuchFileException e) {
            throw new RootfsException(tree + " does not exist on this host: " + e.getFile(), e);
        }
    }

    private void addAll(Directory source, Directory target, Path host, int level) throws IOException {
        if (level > MAX_LEVELS) {
            throw new RootfsException(Text.shown(host.toString()) + " has more than " + MAX_LEVELS + " levels");
        }
        if (source.status().isSameFile(top.status())) {
            return;
        }
        try (Directory.Listing names = source.list()) {
            for (FileName name = names.next(); name != null; name = names.next()) {
                Optional<FileStat> status = source.status(name);
                if (status.isPresent() && status.get().isDirectory()) {
                    count(host);
                    try (Directory below = source.openDirectory(name);
                            Directory made = makeDirectory(target, name)) {
                        addAll(below, made, child(host, name), level + 1);
                    }
                } else if (status.isPresent()) {
                    addEntry(new Entry(source, target, host, name), false, 0);
                }
            }
        }
    }

    /**
     * A name in a directory of the host.
     *
     * @param target the corresponding directory of the new root filesystem
     * @param host the path of the directory, without links
     */
    private record Entry(Directory source, Directory target, Path host, FileName name) {

        Path path() {
            return child(host, name);
        }
    }

    /**
     * Adds a file or link at its real path, and what a link leads to if it exists.
     *
     * @param linked whether it was found as a library, together with its own dependencies
     * @param links the number of links that led here
     */
    private void add(Path path, boolean linked, int links) throws IOException {
        Path parent = Objects.requireNonNull(path.getParent(), "a path below /");
        FileName name = SourceFile.name(path).orElseThrow(() -> new NoSuchFileException(path.toString()));
        try (TrustedPath above = TrustedPath.open(parent);
                Directory source = above.openDirectory();
                Directory target = inside(above.path())) {
            addEntry(new Entry(source, target, above.path(), name), linked, links);
        }
    }

    private void addEntry(Entry entry, boolean linked, int links) throws IOException {
        if (entry.target().status(entry.name()).isPresent()) {
            return;
        }
        if (links > MAX_LINKS) {
            throw new RootfsException("more than " + MAX_LINKS + " links lead to " + entry.path());
        }
        count(entry.host());
        try (Node node = entry.source().node(entry.name())) {
            switch (node.status().type()) {
                case REGULAR_FILE -> copy(node, entry, linked);
                case DIRECTORY -> inside(entry.path()).close();
                case SYMBOLIC_LINK -> {
                    entry.target().createSymbolicLink(entry.name(), node.linkTarget());
                    follow(entry, node.linkTarget(), linked, links + 1);
                }
                case FIFO, SOCKET, DEVICE ->
                    leaveOut(entry.path() + " is " + node.status().type().words());
            }
        }
    }

    private void follow(Entry link, String target, boolean linked, int links) throws IOException {
        Optional<FileName> sibling = SourceFile.sibling(target);
        if (sibling.isPresent()) {
            if (link.source().status(sibling.get()).isPresent()) {
                addEntry(new Entry(link.source(), link.target(), link.host(), sibling.get()), linked, links);
            }
            return;
        }
        Optional<Path> next = path(target).map(link.host()::resolve);
        try (TrustedPath led = TrustedPath.open(link.path())) {
            if (next.flatMap(SourceFile::name).isPresent()) {
                add(next.get(), linked, links);
            } else if (led.status().isDirectory()) {
                inside(led.path()).close();
            }
        } catch (UntrustedPathException e) {
            if (next.isEmpty() || trees.stream().noneMatch(next.get().normalize()::startsWith)) {
                leaveOut(Objects.requireNonNullElse(e.getFile(), "") + ", to which " + link.path() + " leads: "
                        + e.getReason());
            }
        } catch (NoSuchFileException e) {
            // The link is dangling on this host too.
            return;
        }
    }

    private static Optional<Path> path(String linkTarget) {
        try {
            return Optional.of(
                    Path.of(new String(linkTarget.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8)));
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    private void copy(Node node, Entry entry, boolean linked) throws IOException {
        Optional<ElfFile> elf = Optional.empty();
        reserve(node.status().size(), entry);
        try (FileChannel from = node.read();
                NewFile made = entry.target().createFile(entry.name());
                FileChannel to = made.write()) {
            transfer(from, to, entry);
            made.setMode(node.status().mode() & KEPT | READABLE);
            if (!linked) {
                elf = ElfFile.read(from);
            }
        } catch (MalformedElfException e) {
            report("the libraries of " + Text.shown(entry.path().toString()) + ", which is damaged: " + e.getMessage());
        }
        if (elf.isPresent()) {
            SharedLibraries.Needed needed = libraries.of(entry.path(), elf.get());
            needed.missing().forEach(this::report);
            for (Path library : needed.found()) {
                add(library, true, 0);
            }
        }
    }

    /** Reserves room for the current size; a file that grows meanwhile is copied only up to it. */
    private void transfer(FileChannel from, FileChannel to, Entry entry) throws IOException {
        long size = from.size();
        reserve(size, entry);
        long done = 0;
        long count = from.transferTo(0, Math.min(size, CHUNK), to);
        while (count > 0) {
            done += count;
            count = from.transferTo(done, Math.min(size - done, CHUNK), to);
        }
        bytes += done;
    }

    private void reserve(long size, Entry entry) throws IOException {
        if (size > MAX_BYTES - bytes) {
            throw new RootfsException("more than " + (MAX_BYTES >> 30) + " GiB, with "
                    + Text.shown(entry.path().toString()) + "; put data in a volume instead");
        }
        if (size > Files.getFileStore(place).getUsableSpace()) {
            throw new RootfsException("not enough space in " + place + " for "
                    + Text.shown(entry.path().toString()) + ", " + (size >> 20) + " MiB");
        }
    }

    private void count(Path host) {
        entries++;
        if (entries > MAX_ENTRIES) {
            throw new RootfsException("more than " + MAX_ENTRIES + " files, with those in " + host);
        }
    }

    private void report(String what) {
        if (missing.size() < MAX_REPORTED) {
            missing.add(what);
        }
    }

    private void leaveOut(String what) {
        if (leftOut.size() < MAX_REPORTED) {
            leftOut.add(Text.shown(what));
        }
    }

    /** The directory that corresponds to one of the host's, created with its parents. */
    private Directory inside(Path host) throws IOException {
        Directory directory = top.duplicate();
        try {
            for (Path name : ROOT.relativize(host)) {
                if (!name.toString().isEmpty()) {
                    Directory below = makeDirectory(directory, FileName.of(name.toString()));
                    directory.close();
                    directory = below;
                }
            }
            return directory;
        } catch (IOException | RuntimeException e) {
            directory.close();
            throw e;
        }
    }

    /** Follows no link: if the host has a directory now and had a link before, somebody exchanged the two. */
    private static Directory makeDirectory(Directory above, FileName name) throws IOException {
        boolean made = above.status(name).isEmpty();
        if (made) {
            above.createDirectory(name);
        }
        Directory directory = above.openDirectory(name);
        if (made) {
            directory.setMode(DIRECTORY);
        }
        return directory;
    }

    private static Path child(Path host, FileName name) {
        try {
            return host.resolve(name.toString());
        } catch (InvalidPathException e) {
            // Not representable in this locale: an approximation for messages.
            return host.resolve(name.toString().replaceAll("[^\\x20-\\x7e]", "?"));
        }
    }

    /** Removes an unfinished build. */
    private static void remove(Path top) {
        try (Stream<Path> files = Files.walk(top)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new RootfsException("can't remove the unfinished build " + top + ": " + e, e);
        }
    }
}
