package dev.nucleus.kernel;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Scanner;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The mounts that this process sees, for determining whether two trees have files in common. The counterpart of
 * native/src/base/mount_table.c.
 *
 * <p>Any user who may mount chooses the names: here they are arbitrary bytes, one per character (ISO 8859-1), and only
 * a line feed, which the kernel escapes in names, ends a line.
 *
 * @see <a href="https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html">proc_pid_mountinfo(5)</a>
 */
record MountTable(List<Entry> entries) {

    private static final Path MOUNT_INFO = Path.of("/proc/self/mountinfo");
    private static final int ROOT = 3;
    private static final int POINT = 4;

    /**
     * One mount.
     *
     * @param device of the file system, {@code major:minor}
     * @param root path within the file system
     * @param point path as this process sees it
     */
    record Entry(int id, String device, String root, String point) {}

    /** The path of a file as this process sees it, and within its file system. */
    record Place(String path, String device, String within) {}

    /**
     * The mounts that matter for two directories: their own, and all of the second's file system. Others are not kept:
     * any user may create a thousand FUSE mounts with long names.
     */
    static MountTable of(Directory tree, Directory other) throws IOException {
        int holding = mountId(other);
        int id = mountId(tree);
        Set<String> devices =
                read(entry -> entry.id() == holding).stream().map(Entry::device).collect(Collectors.toSet());
        return new MountTable(read(entry -> entry.id() == id || devices.contains(entry.device())));
    }

    private static List<Entry> read(Predicate<Entry> wanted) throws IOException {
        try (var lines = new Scanner(MOUNT_INFO, StandardCharsets.ISO_8859_1).useDelimiter("\n")) {
            List<Entry> entries =
                    lines.tokens().map(MountTable::entry).filter(wanted).toList();
            if (lines.ioException() != null) {
                throw lines.ioException();
            }
            return entries;
        }
    }

    /** The contents of /proc/self/mountinfo, one character per byte. */
    static String text() throws IOException {
        return Files.readString(MOUNT_INFO, StandardCharsets.ISO_8859_1);
    }

    static MountTable parse(String text) {
        return new MountTable(lines(text).map(MountTable::entry).toList());
    }

    static Stream<String> lines(String text) {
        return Stream.of(text.split("\n")).filter(line -> !line.isEmpty());
    }

    private static Entry entry(String line) {
        String[] fields = line.split(" ");
        return new Entry(Integer.parseInt(fields[0]), fields[2], unescape(fields[ROOT]), unescape(fields[POINT]));
    }

    private static String unescape(String text) {
        return text.replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
    }

    /** @throws IOException when the directory is in no mount that this process sees */
    Place place(Directory directory) throws IOException {
        int id = mountId(directory);
        String path = new String(
                Files.readSymbolicLink(directory.path()).toString().getBytes(Directory.pathEncoding()),
                StandardCharsets.ISO_8859_1);
        return entries.stream()
                .filter(entry -> entry.id() == id && isWithin(path, entry.point()))
                .findFirst()
                .map(entry -> new Place(
                        path,
                        entry.device(),
                        below(
                                entry.root(),
                                path.substring(
                                        entry.point().equals("/")
                                                ? 0
                                                : entry.point().length()))))
                .orElseThrow(() -> new IOException(path + " is in no mount that this process sees"));
    }

    private static int mountId(Directory directory) throws IOException {
        return Files.readAllLines(Path.of("/proc/self/fdinfo", Integer.toString(directory.descriptor()))).stream()
                .filter(line -> line.startsWith("mnt_id:"))
                .map(line ->
                        Integer.parseInt(line.substring(line.indexOf(':') + 1).strip()))
                .findFirst()
                .orElse(-1);
    }

    /** Whether the tree, including mounts below it, and the other directory have files in common. */
    boolean overlap(Place tree, Place other) {
        return tree.device().equals(other.device()) && overlap(tree.within(), other.within())
                || entries.stream()
                        .anyMatch(entry -> entry.device().equals(other.device())
                                && isWithin(entry.point(), tree.path())
                                && !entry.point().equals(tree.path())
                                && overlap(entry.root(), other.within()));
    }

    private static String below(String root, String rest) {
        String path = root.equals("/") ? rest : root + rest;
        return path.isEmpty() || path.equals("/") ? root : path;
    }

    private static boolean overlap(String one, String other) {
        return isWithin(one, other) || isWithin(other, one);
    }

    private static boolean isWithin(String path, String directory) {
        return path.equals(directory)
                || directory.equals("/") && path.startsWith("/")
                || path.startsWith(directory + "/");
    }
}
