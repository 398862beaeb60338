package dev.nucleus.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Operations on the entries of an open directory, by name. */
class DirectoryTest {

    private static final FileName FILE = FileName.of("file");
    private static final FileName OTHER = FileName.of("other");

    @TempDir
    private Path path;

    private Directory directory;

    @BeforeEach
    void open() throws IOException {
        directory = Directory.open(path);
    }

    @AfterEach
    void close() {
        directory.close();
    }

    private SortedSet<String> names() throws IOException {
        var names = new TreeSet<String>();
        try (Directory.Listing listing = directory.list()) {
            for (FileName name = listing.next(); name != null; name = listing.next()) {
                names.add(name.toString());
            }
        }
        return names;
    }

    /** A container sets the times of files in its workspace: the manager must accept any number of seconds. */
    @ParameterizedTest
    @ValueSource(longs = {Long.MIN_VALUE, Long.MAX_VALUE})
    void anyModificationTimeCanBeRead(long seconds) throws IOException {
        // On tmpfs: ext4 stores 34 bits.
        Path memory = Files.createTempDirectory(Path.of("/dev/shm"), "nucleus-test-");
        Path file = Files.createFile(memory.resolve("file"));
        try (Directory opened = Directory.open(memory)) {
            ByteBuffer times = ByteBuffer.allocate(32).order(ByteOrder.nativeOrder());
            times.putLong(0).putLong(0).putLong(seconds).putLong(0);
            assertThat(Libc.INSTANCE.utimensat(
                            opened.descriptor(), FileName.of("file").terminated(), times.array(), 0))
                    .isZero();

            FileStat status = opened.status(FileName.of("file")).orElseThrow();

            assertThat(status.modified()).isIn(Instant.MIN, Instant.MAX);
        } finally {
            Files.delete(file);
            Files.delete(memory);
        }
    }

    @Test
    void filesAreCreatedGivenAModeAndMoved() throws IOException {
        try (NewFile file = directory.createFile(FILE);
                FileChannel channel = file.write()) {
            channel.write(ByteBuffer.wrap("text".getBytes(StandardCharsets.UTF_8)));
            file.setMode(0640);
            assertThat(file.status().mode()).isEqualTo(0640);
        }
        directory.createDirectory(OTHER);
        try (Directory other = directory.openDirectory(OTHER)) {
            directory.renameToNew(FILE, other, FILE);
        }

        assertThat(path.resolve("other/file")).hasContent("text");
        assertThat(directory.status(FILE)).isEmpty();
        assertThatThrownBy(() -> directory.deleteDirectory(OTHER)).isInstanceOf(DirectoryNotEmptyException.class);
    }

    @Test
    void aNewFileOrNameReplacesNothing() throws IOException {
        Files.createSymbolicLink(path.resolve("file"), path.resolve("elsewhere"));
        Files.writeString(path.resolve("other"), "text");

        assertThatThrownBy(() -> directory.createFile(FILE)).isInstanceOf(FileAlreadyExistsException.class);
        assertThatThrownBy(() -> directory.renameToNew(OTHER, directory, FILE))
                .isInstanceOf(FileAlreadyExistsException.class);
        assertThat(path.resolve("elsewhere")).doesNotExist();
    }

    @Test
    void aSymbolicLinkIsNotOpenedAsADirectory() throws IOException {
        Files.createSymbolicLink(path.resolve("file"), Path.of("/etc"));

        assertThatThrownBy(() -> directory.openDirectory(FILE)).isInstanceOf(FileSystemException.class);
        try (Node link = directory.node(FILE)) {
            assertThat(link.status().isSymbolicLink()).isTrue();
            assertThatThrownBy(link::read).hasMessageContaining("is a symbolic link, not a regular file");
        }
    }

    /** Opening a pipe without a writer would block for ever. */
    @Test
    @Timeout(20)
    void aNamedPipeIsInspectedWithoutOpeningIt() throws Exception {
        assertThat(new ProcessBuilder("mkfifo", path.resolve("file").toString())
                        .start()
                        .waitFor(Duration.ofSeconds(10)))
                .isTrue();

        try (Node pipe = directory.node(FILE)) {
            assertThat(pipe.status().type()).isEqualTo(FileStat.Type.FIFO);
            assertThatThrownBy(pipe::read).hasMessageContaining("is a named pipe, not a regular file");
        }
    }

    @Test
    void absentFilesAreReported() throws IOException {
        assertThat(directory.status(FILE)).isEmpty();
        assertThat(directory.find(FILE)).isEmpty();
        assertThatThrownBy(() -> directory.deleteFile(FILE))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining(path.resolve("file").toString());
    }

    @Test
    void allNamesOfALargeDirectoryAreListed() throws IOException {
        var made = new TreeSet<String>();
        for (int i = 0; i < 2_000; i++) {
            String name = i + "-" + "n".repeat(100);
            directory.createFile(FileName.of(name)).close();
            made.add(name);
        }

        assertThat(names()).isEqualTo(made);
        assertThat(names()).as("a second listing starts from the first name").isEqualTo(made);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "a/b", "a\0b"})
    void invalidFileNamesAreRefused(String text) {
        assertThatThrownBy(() -> FileName.of(text)).isInstanceOf(IllegalArgumentException.class);
    }

    /** A name may contain any bytes, including those that break a log line or control a terminal. */
    @Test
    void namesKeepTheirBytesAndAreShownOnOneLine() throws IOException {
        var name = new FileName("a\n\u001b[2J\u00ff");
        directory.createFile(name).close();

        try (Directory.Listing listing = directory.list()) {
            assertThat(listing.next()).isEqualTo(name);
        }
        assertThat(name).hasToString("a\\x0a\\x1b[2J\\xff");
        assertThat(FileName.of("ä\u202e")).hasToString("ä\\u202e");
    }
}
