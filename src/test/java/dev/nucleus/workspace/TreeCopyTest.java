package dev.nucleus.workspace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.support.Seeds;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.apache.commons.codec.digest.DigestUtils;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is copied for a container, and what is copied back. */
class TreeCopyTest {

    /** The length of a file with holes, in bytes. */
    private static final long SPARSE = 16 << 20;

    @TempDir
    private Path directory;

    private Path source;
    private Path copy;

    @BeforeEach
    void start() throws IOException {
        source = Files.createDirectory(directory.resolve("source"));
        copy = directory.resolve("copy");
    }

    private static void write(Path top, String path, String text) throws IOException {
        Path file = top.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private TreeCopy.Copied copyIn() {
        try (SourceDirectory opened = SourceDirectory.open(source)) {
            return TreeCopy.copy(opened, copy, directory.resolve("manifest"), TreeLimits.DEFAULT);
        }
    }

    private SyncResult copyBack(TreeManifest before) {
        return copyBack(before, TreeLimits.DEFAULT);
    }

    private SyncResult copyBack(TreeManifest before, TreeLimits limits) {
        try (SourceDirectory opened = SourceDirectory.open(source)) {
            return WorkspaceSync.copyBack(copy, opened, before, "0123456789abcdef", limits);
        }
    }

    private void refuseLinks() {
        try (SourceDirectory opened = SourceDirectory.open(source)) {
            TreeCopy.refuseLinks(opened);
        }
    }

    /** Regular files with their content and whether they may be run, and directories, by path. */
    private static SortedMap<String, String> contents(Path top) throws IOException {
        var contents = new TreeMap<String, String>();
        for (String path : below(top)) {
            Path file = top.resolve(path);
            contents.put(
                    path, Files.isDirectory(file) ? "directory" : Files.isExecutable(file) + Files.readString(file));
        }
        return contents;
    }

    private static List<String> below(Path top) throws IOException {
        try (Stream<Path> all = Files.walk(top)) {
            return all.filter(path -> !path.equals(top))
                    .map(path -> top.relativize(path).toString())
                    .sorted()
                    .toList();
        }
    }

    @Test
    void filesKeepTheirContentAndExecutability() throws IOException {
        write(source, "src/main.py", "print()");
        write(source, "run.sh", "#!/bin/sh");
        Files.setPosixFilePermissions(source.resolve("run.sh"), PosixFilePermissions.fromString("rwx------"));

        copyIn();

        assertThat(copy.resolve("src/main.py")).hasContent("print()");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(copy.resolve("run.sh"))))
                .isEqualTo("rwxr-xr-x");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(copy.resolve("src/main.py"))))
                .isEqualTo("rw-r--r--");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ".git/config",
                "target/x",
                "a/node_modules/b",
                "__pycache__/x",
                ".env",
                ".env.local",
                ".ssh/id",
                ".aws/x",
                "tls.pem",
                "TLS.PEM",
                "server.key",
                "store.jks",
                "my-Credentials.json",
                "client_SECRET",
                "id_private_key",
                "a/KubeConfig",
                ".netrc",
                ".x.swp"
            })
    void filesExcludedByNameAreNotCopied(String path) throws IOException {
        write(source, path, "x");
        write(source, "kept", "x");

        copyIn();

        assertThat(below(copy)).doesNotContain(path).contains("kept");
    }

    @Test
    void linksAreNotCopiedAndNotFollowed() throws IOException {
        Files.createSymbolicLink(source.resolve("passwd"), Path.of("/etc/passwd"));
        Files.createSymbolicLink(source.resolve("etc"), Path.of("/etc"));

        TreeCopy.Copied copied = copyIn();

        assertThat(below(copy)).isEmpty();
        assertThat(copied.skipped().first()).extracting(SkippedFile::why).containsExactly("a link", "a link");
    }

    private static long blocks(Path file) throws Exception {
        Process stat = new ProcessBuilder("stat", "--format=%b", file.toString()).start();
        return Long.parseLong(new String(stat.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip());
    }

    /** Data at the beginning and in the middle; holes between, and at the end. */
    private static void makeSparse(Path file) throws IOException {
        try (var sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.writeBytes("first");
            sparse.seek(8 << 20);
            sparse.writeBytes("middle");
            sparse.setLength(SPARSE);
        }
    }

    @Test
    void sparseFilesStaySparseBothWays() throws Exception {
        makeSparse(source.resolve("in"));
        try (var empty = new RandomAccessFile(source.resolve("empty").toFile(), "rw")) {
            empty.setLength(SPARSE + 1);
        }
        TreeCopy.Copied copied = copyIn();
        makeSparse(copy.resolve("out"));

        copyBack(copied.manifest());

        for (Path file : List.of(copy.resolve("in"), source.resolve("out"))) {
            assertThat(file).hasSameBinaryContentAs(source.resolve("in"));
            assertThat(blocks(file)).as(file.toString()).isLessThan(SPARSE / 512 / 8);
        }
        assertThat(copy.resolve("empty")).hasSize(SPARSE + 1);
        assertThat(blocks(copy.resolve("empty"))).isLessThan(64);
    }

    /** Holes cost no time: hashed as zeros, these would take minutes. */
    @Test
    @Timeout(30)
    void manyGigabytesOfHolesAreCopiedBothWays() throws Exception {
        long length = TreeLimits.DEFAULT.bytes() - (1 << 20);
        try (var sparse = new RandomAccessFile(source.resolve("disk").toFile(), "rw")) {
            sparse.seek(length / 2);
            sparse.writeBytes("middle");
            sparse.setLength(length);
        }
        TreeCopy.Copied copied = copyIn();
        try (var sparse = new RandomAccessFile(copy.resolve("disk").toFile(), "rw")) {
            sparse.seek(length - 4);
            sparse.writeBytes("last");
        }

        SyncResult result = copyBack(copied.manifest());

        assertThat(result.summary()).startsWith("1 changed");
        assertThat(blocks(source.resolve("disk"))).isLessThan(1024);
        try (var sparse = new RandomAccessFile(source.resolve("disk").toFile(), "r")) {
            assertThat(sparse.length()).isEqualTo(length);
            sparse.seek(length - 4);
            assertThat(sparse.readByte()).isEqualTo((byte) 'l');
        }
    }

    /** A file whose zeros are stored, and one of the same content with holes, are the same to a copy. */
    @Test
    void storedZerosAndHolesAreTheSameContent() throws Exception {
        var zeros = new byte[1 << 20];
        zeros[500_000] = 1;
        Files.write(source.resolve("file"), zeros);
        TreeCopy.Copied copied = copyIn();
        Files.delete(source.resolve("file"));
        try (var sparse = new RandomAccessFile(source.resolve("file").toFile(), "rw")) {
            sparse.setLength(zeros.length);
            sparse.seek(500_000);
            sparse.write(1);
        }
        Files.writeString(copy.resolve("file"), "changed");

        copyBack(copied.manifest());

        assertThat(source.resolve("file")).hasContent("changed");
    }

    /** Manifests of earlier versions have the SHA-256 of the whole content, holes included. */
    @Test
    void aManifestOfTheFirstFormatIsUnderstood() throws Exception {
        makeSparse(source.resolve("kept"));
        makeSparse(source.resolve("changed"));
        Path manifest = copyIn().manifest().file();
        String digest = DigestUtils.sha256Hex(Files.readAllBytes(source.resolve("kept")));
        assertThat(Files.readString(manifest)).doesNotContain(digest);
        Files.writeString(
                manifest,
                Files.readString(manifest)
                        .replace("nucleus-tree 2", "nucleus-tree 1")
                        .replaceAll("f - [0-9a-f]{64}", "f - " + digest));
        Files.writeString(copy.resolve("changed"), "changed");

        SyncResult result = copyBack(new TreeManifest(manifest));

        assertThat(result.summary()).startsWith("1 changed");
        assertThat(source.resolve("changed")).hasContent("changed");
    }

    @Test
    void aCancelledCopyBackLeavesNoPartOfAFile() throws IOException {
        TreeCopy.Copied copied = copyIn();
        Files.write(copy.resolve("large"), "x".repeat(64 << 20).getBytes(StandardCharsets.US_ASCII));
        var cancellation = new CopyCancellation();
        var time = new AtomicLong();
        // Cancelled while the file is being written.
        var progress = new CopyProgress(
                "workspace",
                _ -> {
                    if (Files.exists(source.resolve(".nucleus-0123456789ab.part"))) {
                        cancellation.cancel();
                    }
                },
                () -> time.addAndGet(Duration.ofSeconds(10).toNanos()),
                cancellation);

        try (SourceDirectory opened = SourceDirectory.open(source)) {
            assertThatThrownBy(() -> WorkspaceSync.copyBack(
                            copy, opened, copied.manifest(), "0123456789ab", TreeLimits.DEFAULT, progress))
                    .isInstanceOf(CopyCancelledException.class);
        }
        assertThat(source).isEmptyDirectory();
    }

    private static boolean areSameFile(Path one, Path other) throws IOException {
        return Files.readAttributes(one, BasicFileAttributes.class)
                .fileKey()
                .equals(Files.readAttributes(other, BasicFileAttributes.class).fileKey());
    }

    @Test
    void hardLinksArePreservedBothWays() throws IOException {
        write(source, "a", "one");
        Files.createDirectory(source.resolve("d"));
        Files.createLink(source.resolve("d/b"), source.resolve("a"));
        write(source, "e", "kept");
        Files.createLink(source.resolve("f"), source.resolve("e"));
        TreeCopy.Copied copied = copyIn();
        assertThat(areSameFile(copy.resolve("a"), copy.resolve("d/b"))).isTrue();

        Files.writeString(copy.resolve("d/b"), "two");
        Files.createLink(copy.resolve("d/new"), copy.resolve("a"));
        // Sorted before and after the name that the host knows.
        Files.createLink(copy.resolve("0"), copy.resolve("e"));
        Files.createLink(copy.resolve("z"), copy.resolve("e"));
        SyncResult result = copyBack(copied.manifest());

        assertThat(source.resolve("a")).hasContent("two");
        assertThat(areSameFile(source.resolve("a"), source.resolve("d/b"))).isTrue();
        assertThat(areSameFile(source.resolve("a"), source.resolve("d/new"))).isTrue();
        for (String name : List.of("0", "f", "z")) {
            assertThat(areSameFile(source.resolve("e"), source.resolve(name)))
                    .as(name)
                    .isTrue();
        }
        assertThat(result.summary()).isEqualTo("5 changed; 0 removed");
        assertThat(below(source)).containsExactly("0", "a", "d", "d/b", "d/new", "e", "f", "z");
    }

    @Test
    void aHardLinkReplacedInTheContainerLeavesTheOtherNameAlone() throws IOException {
        write(source, "a", "one");
        Files.createLink(source.resolve("b"), source.resolve("a"));
        TreeCopy.Copied copied = copyIn();
        Files.delete(copy.resolve("b"));
        write(copy, "b", "two");

        copyBack(copied.manifest());

        assertThat(source.resolve("a")).hasContent("one");
        assertThat(source.resolve("b")).hasContent("two");
    }

    /** By now, the name of a linked file may be anything on the host. */
    @Test
    void noHardLinkIsMadeToAFilesReplacementOnTheHost() throws IOException {
        Path outside = Files.writeString(directory.resolve("outside"), "one");
        write(source, "a", "one");
        Files.createDirectory(source.resolve("d"));
        write(source, "d/b", "two");
        TreeCopy.Copied copied = copyIn();
        Files.createLink(copy.resolve("new-a"), copy.resolve("a"));
        Files.createLink(copy.resolve("new-b"), copy.resolve("d/b"));
        Files.delete(source.resolve("a"));
        Files.createSymbolicLink(source.resolve("a"), outside);
        Files.move(source.resolve("d"), directory.resolve("moved"));
        Files.createSymbolicLink(source.resolve("d"), directory.resolve("moved"));

        copyBack(copied.manifest());

        assertThat(source.resolve("new-a")).isRegularFile().hasContent("one");
        assertThat(source.resolve("new-b")).isRegularFile().hasContent("two");
        assertThat(Files.getAttribute(outside, "unix:nlink")).isEqualTo(1);
        assertThat(Files.getAttribute(directory.resolve("moved/b"), "unix:nlink"))
                .isEqualTo(1);
    }

    private static final FileTime LONG_AGO = FileTime.from(Instant.parse("2001-02-03T04:05:06.789Z"));

    private static void age(Path... files) throws IOException {
        for (Path file : files) {
            Files.setLastModifiedTime(file, LONG_AGO);
        }
    }

    @Test
    void modificationTimesArePreservedBothWays() throws IOException {
        write(source, "d/file", "x");
        age(source.resolve("d/file"), source.resolve("d"), source);
        TreeCopy.Copied copied = copyIn();
        assertThat(Stream.of(copy, copy.resolve("d"), copy.resolve("d/file")))
                .allSatisfy(path -> assertThat(Files.getLastModifiedTime(path)).isEqualTo(LONG_AGO));

        write(copy, "new/file", "x");
        write(copy, "d/file", "changed");
        age(copy.resolve("new/file"), copy.resolve("new"), copy.resolve("d/file"));
        copyBack(copied.manifest());

        assertThat(Stream.of("new", "new/file", "d/file").map(source::resolve))
                .allSatisfy(path -> assertThat(Files.getLastModifiedTime(path)).isEqualTo(LONG_AGO));
    }

    @Test
    void theSummaryNamesTheFilesLeftOut() throws IOException {
        write(source, "kept", "x");
        write(source, ".env", "x");
        Files.createSymbolicLink(source.resolve("passwd"), Path.of("/etc/passwd"));

        TreeCopy.Copied copied = copyIn();

        assertThat(copied.isPartial()).isTrue();
        assertThat(copied.summary())
                .isEqualTo("2 files (0 MiB) copied; 2 left out: .env (excluded by name), passwd (a link)");
    }

    @Test
    void aLongCopyReportsItsProgress() {
        var time = new AtomicLong();
        var lines = new ArrayList<String>();
        var progress = new CopyProgress("workspace /src", lines::add, time::get);

        for (int second = 0; second < 10; second++) {
            time.set(Duration.ofSeconds(second).toNanos());
            for (int i = 0; i < 100; i++) {
                progress.file();
                progress.bytes(1 << 20);
            }
        }

        assertThat(lines).hasSize(2);
        assertThat(lines.getFirst()).matches("workspace /src: copying, 2\\d\\d files \\(2\\d\\d MiB\\) so far");
        assertThat(lines.getLast()).matches("workspace /src: copying, 7\\d\\d files \\(7\\d\\d MiB\\) so far");
    }

    @Test
    void aListenerCanAbortACopy() throws IOException {
        for (int i = 0; i < 100; i++) {
            write(source, "file" + i, "x");
        }
        var time = new AtomicLong();
        var progress = new CopyProgress(
                "workspace",
                _ -> {
                    throw new IllegalStateException("the client left");
                },
                () -> time.addAndGet(Duration.ofSeconds(1).toNanos()));

        try (SourceDirectory opened = SourceDirectory.open(source)) {
            assertThatThrownBy(() ->
                            TreeCopy.copy(opened, copy, directory.resolve("manifest"), TreeLimits.DEFAULT, progress))
                    .hasMessage("the client left");
        }
        assertThat(below(copy)).hasSizeLessThan(100);
    }

    @Test
    void aTreeThatIsTooDeepIsRefused() throws IOException {
        Path deep = source;
        for (int i = 0; i < 130; i++) {
            deep = Files.createDirectory(deep.resolve("d"));
        }

        assertThatThrownBy(this::copyIn).isInstanceOf(WorkspaceException.class).hasMessageContaining("128 directories");
    }

    @Test
    void aBoundContextMayNotContainLinks() throws IOException {
        write(source, "a/b", "x");
        refuseLinks();
        Files.createSymbolicLink(source.resolve("a/link"), Path.of("/etc/shadow"));

        assertThatThrownBy(this::refuseLinks).hasMessageContaining("a/link is a link");
    }

    @Test
    void changesAreCopiedBack() throws IOException {
        write(source, "changed", "before");
        write(source, "gone/file", "x");
        write(source, "same", "x");
        TreeManifest before = copyIn().manifest();
        write(copy, "changed", "after");
        write(copy, "new/file", "made");
        Files.delete(copy.resolve("gone/file"));
        Files.delete(copy.resolve("gone"));

        SyncResult result = copyBack(before);

        assertThat(below(source)).containsExactly("changed", "new", "new/file", "same");
        assertThat(source.resolve("changed")).hasContent("after");
        assertThat(result.changed().first()).containsExactly("changed", "new/", "new/file");
        assertThat(result.removed().first()).containsExactly("gone/file", "gone");
        assertThat(result.conflicts().first()).isEmpty();
    }

    @Test
    void aConflictKeepsTheHostsFileWithTheContainersBesideIt() throws IOException {
        write(source, "both", "before");
        write(source, "removed-there", "before");
        TreeManifest before = copyIn().manifest();
        write(copy, "both", "the container's");
        write(source, "both", "the host's");
        Files.delete(copy.resolve("removed-there"));
        write(source, "removed-there", "changed here");

        SyncResult result = copyBack(before);

        assertThat(source.resolve("both")).hasContent("the host's");
        assertThat(source.resolve("both.from-0123456789ab")).hasContent("the container's");
        assertThat(source.resolve("removed-there")).hasContent("changed here");
        assertThat(result.conflicts().first()).containsExactly("both", "removed-there");
    }

    @Test
    void hostileWorkIsNotCopiedBack() throws IOException {
        write(source, "file", "before");
        TreeManifest before = copyIn().manifest();
        Path outside = Files.createDirectory(directory.resolve("outside"));
        write(copy, ".git/hooks/pre-commit", "evil");
        write(copy, "x.pem", "evil");
        Files.createSymbolicLink(copy.resolve("link"), outside);
        Files.delete(copy.resolve("file"));
        Files.createSymbolicLink(copy.resolve("file"), Path.of("/etc/shadow"));
        write(copy, "suid", "evil");
        Files.setAttribute(copy.resolve("suid"), "unix:mode", 04755);

        SyncResult result = copyBack(before);

        assertThat(below(source)).containsExactly("suid");
        assertThat((int) Files.getAttribute(source.resolve("suid"), "unix:mode") & 07000)
                .isZero();
        assertThat(result.leftOut().first())
                .extracting(SkippedFile::path)
                .containsExactlyInAnyOrder(".git", "x.pem", "link", "file");
        assertThat(below(outside)).isEmpty();
    }

    @Test
    void aLinkOnTheHostIsNotWrittenThrough() throws IOException {
        write(source, "directory/file", "before");
        TreeManifest before = copyIn().manifest();
        Path outside = Files.createDirectory(directory.resolve("outside"));
        write(copy, "directory/new", "made");
        Files.delete(source.resolve("directory/file"));
        Files.delete(source.resolve("directory"));
        Files.createSymbolicLink(source.resolve("directory"), outside);

        SyncResult result = copyBack(before);

        assertThat(below(outside)).isEmpty();
        assertThat(result.conflicts().first()).contains("directory/new");
        assertThat(Files.isSymbolicLink(source.resolve("directory"))).isTrue();
    }

    /** An attacker with write access redirects root's writes by a link that comes and goes (CVE-2018-15664). */
    @Test
    void aLinkThatAppearsAndDisappearsIsNotWrittenThrough() throws Exception {
        Path outside = Files.createDirectory(directory.resolve("outside"));
        write(source, "place/kept", "x");
        TreeManifest before = copyIn().manifest();
        for (int i = 0; i < 40; i++) {
            write(copy, "place/file-" + i, "planted");
        }
        Path place = source.resolve("place");
        Path aside = source.resolve("aside");
        var stop = new AtomicBoolean();
        var failure = new AtomicReference<IOException>();
        Thread race = Thread.ofPlatform().start(() -> {
            try {
                while (!stop.get()) {
                    Files.move(place, aside);
                    Files.createSymbolicLink(place, outside);
                    Files.delete(place);
                    Files.move(aside, place);
                }
            } catch (IOException e) {
                failure.set(e);
            }
        });

        for (int round = 0; round < 20; round++) {
            try {
                copyBack(before);
            } catch (WorkspaceException e) {
                // A changing tree may be refused; but nothing must be written outside of it.
                assertThat(e).hasMessageContaining("source");
            }
        }
        stop.set(true);
        race.join();

        assertThat(failure.get()).isNull();
        assertThat(below(outside)).isEmpty();
    }

    /** Changes that only one side makes end up on the host. */
    @ParameterizedTest
    @MethodSource("dev.nucleus.support.Seeds#seeds")
    void randomChangesOfOneSideAreCopiedBack(long seed) throws IOException {
        RandomGenerator random = Seeds.random(seed);
        scribble(random, source, 12);
        TreeManifest before = copyIn().manifest();
        scribble(random, copy, 12);

        copyBack(before);

        assertThat(contents(source)).isEqualTo(contents(copy));
    }

    private static void scribble(RandomGenerator random, Path top, int times) throws IOException {
        List<Path> directories = new ArrayList<>(List.of(top));
        for (int i = 0; i < times; i++) {
            Path in = directories.get(random.nextInt(directories.size()));
            Path file = in.resolve("f" + random.nextInt(6));
            Path inner = in.resolve("d" + random.nextInt(3));
            switch (random.nextInt(4)) {
                case 0, 1 -> Files.writeString(file, "content " + random.nextInt(1000));
                case 2 -> Files.deleteIfExists(file);
                default -> {
                    if (!Files.exists(inner, LinkOption.NOFOLLOW_LINKS)) {
                        Files.createDirectory(inner);
                    }
                    directories.add(inner);
                }
            }
        }
    }
}
