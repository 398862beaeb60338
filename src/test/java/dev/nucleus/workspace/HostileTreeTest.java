package dev.nucleus.workspace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.kernel.Directory;
import dev.nucleus.kernel.FileName;
import dev.nucleus.kernel.Libc;
import dev.nucleus.support.Remains;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An attacker changes the directory, or the path to it, while it is copied, worked on, or copied back. */
@Timeout(120)
class HostileTreeTest {

    private static final int AT_FDCWD = -100;
    private static final int RENAME_EXCHANGE = 2;

    private Path directory;
    private Path home;
    private Path source;
    private Path outside;
    private Path copy;

    @BeforeEach
    void start() throws IOException {
        directory = Files.createTempDirectory("nucleus-test-").toRealPath();
        home = Files.createDirectory(directory.resolve("home"));
        source = Files.createDirectory(home.resolve("source"));
        outside = Files.createDirectory(directory.resolve("outside"));
        copy = directory.resolve("copy");
    }

    @AfterEach
    void remove() throws IOException {
        Remains.delete(directory);
    }

    private TreeManifest copyIn(SourceDirectory opened) {
        return TreeCopy.copy(opened, copy, directory.resolve("manifest"), TreeLimits.DEFAULT)
                .manifest();
    }

    private TreeManifest copyIn() {
        try (SourceDirectory opened = SourceDirectory.open(source)) {
            return copyIn(opened);
        }
    }

    private SyncResult copyBack(TreeManifest before, TreeLimits limits) {
        try (SourceDirectory opened = SourceDirectory.open(source)) {
            return WorkspaceSync.copyBack(copy, opened, before, "0123456789abcdef", limits);
        }
    }

    private static List<String> below(Path top) throws IOException {
        try (Stream<Path> all = Files.walk(top)) {
            return all.filter(path -> !path.equals(top))
                    .map(path -> top.relativize(path).toString())
                    .sorted()
                    .toList();
        }
    }

    private static void makePipe(Path path) throws Exception {
        assertThat(new ProcessBuilder("mkfifo", path.toString()).start().waitFor())
                .isZero();
    }

    private static void exchange(Path one, Path other) {
        if (Libc.INSTANCE.renameat2(AT_FDCWD, zeroed(one), AT_FDCWD, zeroed(other), RENAME_EXCHANGE) != 0) {
            throw new IllegalStateException("renameat2 of " + one + " and " + other + " failed");
        }
    }

    private static byte[] zeroed(Path path) {
        return (path + "\0").getBytes(StandardCharsets.UTF_8);
    }

    /** Repeats the hostile action during the work, which may fail but must do no harm. */
    private static void whileDoing(Runnable hostile, Runnable work) throws InterruptedException {
        var stop = new AtomicBoolean();
        var failure = new AtomicReference<RuntimeException>();
        Thread race = Thread.ofPlatform().start(() -> {
            try {
                while (!stop.get()) {
                    hostile.run();
                }
            } catch (RuntimeException e) {
                failure.set(e);
            }
        });
        try {
            work.run();
        } finally {
            stop.set(true);
            race.join();
        }
        assertThat(failure.get()).isNull();
    }

    /** The parent is renamed during the run, and a link to another directory is put in its place. */
    @Test
    void changesAreCopiedBackIntoTheOpenedDirectory() throws Exception {
        Files.createDirectory(outside.resolve("source"));
        try (SourceDirectory opened = SourceDirectory.open(source)) {
            TreeManifest before = copyIn(opened);
            Files.createDirectories(copy.resolve("made/below"));
            Files.writeString(copy.resolve("made/below/file"), "work");
            Files.move(home, directory.resolve("aside"));
            Files.createSymbolicLink(home, outside);

            WorkspaceSync.copyBack(copy, opened, before, "0123456789abcdef", TreeLimits.DEFAULT);
        }

        assertThat(below(outside)).containsExactly("source");
        assertThat(directory.resolve("aside/source/made/below/file")).hasContent("work");
    }

    @Test
    void aSwappedDirectoryIsNotCopiedFromElsewhere() throws Exception {
        Files.writeString(outside.resolve("shadow"), "secret");
        Path place = Files.createDirectory(source.resolve("place"));
        for (int i = 0; i < 50; i++) {
            Files.writeString(place.resolve("file-" + i), "x");
        }
        Path link = Files.createSymbolicLink(home.resolve("link"), outside);

        whileDoing(() -> exchange(place, link), () -> {
            for (int round = 0; round < 30; round++) {
                try {
                    copyIn();
                } catch (WorkspaceException e) {
                    assertThat(e).hasMessageContaining("source");
                }
                assertThat(copy.resolve("place/shadow")).doesNotExist();
                removeCopy();
            }
        });

        if (Files.isSymbolicLink(place)) {
            exchange(place, link);
        }
        copyIn();
        assertThat(copy.resolve("place/file-49")).as("left alone, it is copied").hasContent("x");
    }

    /** Hashing it would keep the manager busy for hours. */
    @Test
    void aHostFileThatHasGrownHugeIsNotRead() throws Exception {
        long huge = 1L << 43;
        Files.writeString(source.resolve("changed"), "x");
        Files.writeString(source.resolve("removed"), "x");
        TreeManifest before = copyIn();
        Files.writeString(copy.resolve("changed"), "work");
        Files.delete(copy.resolve("removed"));
        for (String name : List.of("changed", "removed")) {
            try (var file = new RandomAccessFile(source.resolve(name).toFile(), "rw")) {
                file.setLength(huge);
            }
        }

        SyncResult result = copyBack(before, TreeLimits.DEFAULT);

        assertThat(result.conflicts().first()).containsExactlyInAnyOrder("changed", "removed");
        assertThat(source.resolve("changed")).hasSize(huge);
        assertThat(source.resolve("removed")).hasSize(huge);
        assertThat(source.resolve("changed.from-0123456789ab")).hasContent("work");
    }

    private void removeCopy() {
        try {
            Remains.delete(copy);
            Files.deleteIfExists(directory.resolve("manifest"));
            Files.deleteIfExists(directory.resolve("manifest.part"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Opened like a file, a pipe would wait for a writer for ever, and a device might do anything. */
    @Test
    void aPipeSwappedForAFileDoesNotBlockTheCopy() throws Exception {
        Path file = Files.writeString(source.resolve("file"), "x");
        Path pipe = home.resolve("pipe");
        makePipe(pipe);

        whileDoing(() -> exchange(file, pipe), () -> {
            for (int round = 0; round < 50; round++) {
                try {
                    copyIn();
                } catch (WorkspaceException e) {
                    assertThat(e).hasMessageContaining("source");
                }
                removeCopy();
            }
        });
    }

    @Test
    void aPipeSwappedForAFileDoesNotBlockTheCopyBack() throws Exception {
        Path file = Files.writeString(source.resolve("file"), "x");
        TreeManifest before = copyIn();
        Path pipe = home.resolve("pipe");
        makePipe(pipe);

        whileDoing(() -> exchange(file, pipe), () -> {
            for (int round = 0; round < 50; round++) {
                try {
                    Files.writeString(copy.resolve("file"), "work " + round);
                    copyBack(before, TreeLimits.DEFAULT);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        });
    }

    @Test
    void aLinkSwappedForADirectoryIsNotWrittenThrough() throws Exception {
        Path place = Files.createDirectory(source.resolve("place"));
        TreeManifest before = copyIn();
        Path link = Files.createSymbolicLink(home.resolve("link"), outside);
        for (int i = 0; i < 20; i++) {
            Files.createDirectories(copy.resolve("place/inner-" + i));
            Files.writeString(copy.resolve("place/inner-" + i + "/file"), "planted");
        }

        whileDoing(() -> exchange(place, link), () -> {
            for (int round = 0; round < 30; round++) {
                try {
                    copyBack(before, TreeLimits.DEFAULT);
                } catch (WorkspaceException e) {
                    assertThat(e).hasMessageContaining("source");
                }
            }
        });

        assertThat(below(outside)).isEmpty();
    }

    /** The copy must end even if a file is appended to without end. */
    @Test
    void aFileThatGrowsWhileItIsCopiedIsReported() throws Exception {
        Path file = source.resolve("log");
        Files.write(file, new byte[1 << 20]);
        byte[] more = new byte[1 << 16];

        assertThatThrownBy(() -> whileDoing(
                        () -> {
                            try {
                                if (Files.size(file) < 256 << 20) {
                                    Files.write(file, more, StandardOpenOption.APPEND);
                                }
                            } catch (IOException e) {
                                throw new UncheckedIOException(e);
                            }
                        },
                        () -> {
                            for (int round = 0; round < 20; round++) {
                                copyIn();
                                removeCopy();
                            }
                        }))
                .isInstanceOf(WorkspaceException.class)
                .hasMessageContaining("changed while it was copied");
    }

    @Test
    void linksAndSpecialFilesOfTheCopyAreNotCopiedBack() throws Exception {
        TreeManifest before = copyIn();
        makePipe(copy.resolve("pipe"));
        Files.createSymbolicLink(copy.resolve("link"), Path.of("/etc/shadow"));
        try (var socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            socket.bind(UnixDomainSocketAddress.of(copy.resolve("socket")));
        }

        SyncResult result = copyBack(before, TreeLimits.DEFAULT);

        assertThat(below(source)).isEmpty();
        assertThat(result.leftOut().first())
                .containsExactlyInAnyOrder(
                        new SkippedFile("link", "a link"),
                        new SkippedFile("pipe", "a special file"),
                        new SkippedFile("socket", "a special file"));
    }

    /** A write through the link would change the other file too. */
    @Test
    void aHardLinkOnTheHostIsReplacedAndNotWrittenThrough() throws Exception {
        Path file = Files.writeString(source.resolve("file"), "before");
        Path other = Files.createLink(outside.resolve("other"), file);
        TreeManifest before = copyIn();
        Files.writeString(copy.resolve("file"), "after");

        copyBack(before, TreeLimits.DEFAULT);

        assertThat(file).hasContent("after");
        assertThat(other).hasContent("before");
    }

    @Test
    void aLinkAtTheTemporaryFilesPathIsNotWrittenThrough() throws Exception {
        Path victim = Files.writeString(outside.resolve("victim"), "kept");
        TreeManifest before = copyIn();
        Files.writeString(copy.resolve("file"), "work");
        Files.createSymbolicLink(source.resolve(".nucleus-0123456789ab.part"), victim);

        copyBack(before, TreeLimits.DEFAULT);

        assertThat(victim).hasContent("kept");
        assertThat(source.resolve("file")).hasContent("work");
        assertThat(below(source)).containsExactly("file");
    }

    @Test
    void aDirectoryBecomesAFileAndAFileADirectory() throws Exception {
        Files.createDirectories(source.resolve("directory/inner"));
        Files.writeString(source.resolve("directory/inner/file"), "x");
        Files.writeString(source.resolve("file"), "x");
        TreeManifest before = copyIn();
        Remains.delete(copy.resolve("directory"));
        Files.writeString(copy.resolve("directory"), "a file now");
        Files.delete(copy.resolve("file"));
        Files.createDirectory(copy.resolve("file"));
        Files.writeString(copy.resolve("file/inner"), "x");

        SyncResult result = copyBack(before, TreeLimits.DEFAULT);

        assertThat(below(source)).containsExactly("directory", "file", "file/inner");
        assertThat(source.resolve("directory")).hasContent("a file now");
        assertThat(result.conflicts().count()).isZero();
    }

    /** Work whose directory no longer exists on the host stays in the copy, and is reported. */
    @Test
    void workWithoutItsDirectoryIsReported() throws Exception {
        Files.createDirectory(source.resolve("directory"));
        TreeManifest before = copyIn();
        Files.writeString(copy.resolve("directory/file"), "work");
        Files.delete(source.resolve("directory"));

        SyncResult result = copyBack(before, TreeLimits.DEFAULT);

        assertThat(result.unplaced().first()).containsExactly("directory/file");
        assertThat(result.summary()).contains("1 could not be placed on the host: directory/file");
        assertThat(below(source)).isEmpty();
    }

    /** The name has no room for a suffix. */
    @Test
    void aConflictOfAFileWithALongNameKeepsBothVersions() throws Exception {
        String name = "n".repeat(255);
        Files.writeString(source.resolve(name), "before");
        TreeManifest before = copyIn();
        Files.writeString(source.resolve(name), "the host's");
        Files.writeString(copy.resolve(name), "the container's");

        copyBack(before, TreeLimits.DEFAULT);

        assertThat(source.resolve("n".repeat(255 - 18) + ".from-0123456789ab")).hasContent("the container's");
        assertThat(source.resolve(name)).hasContent("the host's");
    }

    @Test
    void aCopyBeyondALimitIsRefusedBeforeAnythingIsChanged() throws Exception {
        Files.writeString(source.resolve("a"), "before");
        TreeManifest before = copyIn();
        Files.writeString(copy.resolve("a"), "after");
        for (int i = 0; i < 20; i++) {
            Files.writeString(copy.resolve("many-" + i), "x");
        }

        assertThatThrownBy(() -> copyBack(before, new TreeLimits(20, 1_000, 1 << 20, 128)))
                .isInstanceOf(WorkspaceException.class)
                .hasMessageContaining("the container's copy contains more than 20 files and directories");
        assertThatThrownBy(() -> copyBack(before, new TreeLimits(1_000, 100, 1 << 20, 128)))
                .isInstanceOf(WorkspaceException.class)
                .hasMessageContaining("contains names of more than 100 bytes in total");
        try (var sparse = new RandomAccessFile(copy.resolve("many-0").toFile(), "rw")) {
            sparse.setLength(1L << 40);
        }
        assertThatThrownBy(() -> copyBack(before, TreeLimits.DEFAULT))
                .isInstanceOf(WorkspaceException.class)
                .hasMessageContaining("contains more than 32768 MiB of files");
        assertThat(below(source)).containsExactly("a");
        assertThat(source.resolve("a")).hasContent("before");
    }

    @Test
    void aTruncatedManifestCopiesNothingBack() throws Exception {
        Files.writeString(source.resolve("a"), "before");
        Files.writeString(source.resolve("b"), "before");
        TreeManifest before = copyIn();
        Files.delete(copy.resolve("a"));
        List<String> lines = Files.readAllLines(before.file(), StandardCharsets.ISO_8859_1);
        Files.write(before.file(), lines.subList(0, 2));

        assertThatThrownBy(() -> copyBack(before, TreeLimits.DEFAULT))
                .isInstanceOf(WorkspaceException.class)
                .hasMessageContaining("ends early");
        assertThat(below(source)).containsExactly("a", "b");
    }

    /** Names with line breaks and invalid encodings are recorded and copied back like others. */
    @Test
    void unusualNamesAreCopiedBack() throws Exception {
        var strange = new FileName("a\nu\\x\u00ff");
        try (var opened = Directory.open(source)) {
            opened.createFile(strange).close();
        }
        TreeManifest before = copyIn();
        try (var opened = Directory.open(copy)) {
            opened.deleteFile(strange);
        }

        SyncResult result = copyBack(before, TreeLimits.DEFAULT);

        assertThat(result.removed().first()).containsExactly("a\\x0au\\x\\xff");
        try (var opened = Directory.open(source)) {
            assertThat(opened.status(strange)).isEmpty();
        }
    }

    /** A user who can replace a link of the path chooses the directory that it leads to. */
    @Test
    void aSourceBehindALinkThatOthersMayReplaceIsNotOpened() throws Exception {
        Files.createDirectory(outside.resolve("inner"));
        Files.createSymbolicLink(home.resolve("link"), outside);
        Files.setAttribute(home, "unix:mode", 0777, LinkOption.NOFOLLOW_LINKS);

        assertThatThrownBy(() -> SourceDirectory.open(home.resolve("link/inner")))
                .isInstanceOf(WorkspaceException.class)
                .hasMessageContaining("link: is a symbolic link");
    }

    @Test
    void manyNamesAreSortedOnDisk() throws Exception {
        int many = 10_000;
        for (int i = 0; i < many; i++) {
            Files.createFile(source.resolve("file-" + i));
        }
        TreeManifest before = copyIn();
        Files.delete(copy.resolve("file-77"));
        Files.writeString(copy.resolve("file-78"), "changed");

        SyncResult result = copyBack(before, TreeLimits.DEFAULT);

        assertThat(result.removed().first()).containsExactly("file-77");
        assertThat(result.changed().first()).containsExactly("file-78");
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).as("the temporary files of the sort are removed").hasSize(4);
        }
    }
}
