package dev.nucleus.workspace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.kernel.Directory;
import dev.nucleus.kernel.FileName;
import dev.nucleus.kernel.TreeRemoval;
import dev.nucleus.support.RunsConcurrently;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many files with long names, deep in a tree: 300 megabytes of paths, in a heap of 48 megabytes. */
@RunsConcurrently
class SmallHeapTest {

    private static final int FILES = 10_000;
    private static final int DEPTH = 120;
    private static final FileName DEEP = FileName.of("d".repeat(255));

    private Path directory;

    @BeforeEach
    void start() throws IOException {
        directory = Files.createTempDirectory("nucleus-test-").toRealPath();
    }

    /** By descriptors: the tree is deeper than any path can be long. */
    @AfterEach
    void remove() throws IOException {
        try (Directory parent = Directory.open(Objects.requireNonNull(directory.getParent()))) {
            TreeRemoval.delete(parent, FileName.of(directory.getFileName().toString()));
        }
        assertThat(directory).doesNotExist();
    }

    private static FileName name(int number) {
        return FileName.of(String.format("%06d", number) + "f".repeat(249));
    }

    /** Runs in a child process with a small heap: copies the directory, works in the copy and copies it back. */
    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]);
        try (SourceDirectory source = SourceDirectory.open(directory.resolve("source"))) {
            TreeManifest before = TreeCopy.copy(
                            source, directory.resolve("copy"), directory.resolve("manifest"), TreeLimits.DEFAULT)
                    .manifest();
            make(directory.resolve("copy"));
            SyncResult result = WorkspaceSync.copyBack(
                    directory.resolve("copy"), source, before, "0123456789abcdef", TreeLimits.DEFAULT);
            System.out.println(result.summary());
        }
        // Once more, with the files that were copied back.
        try (SourceDirectory source = SourceDirectory.open(directory.resolve("source"))) {
            TreeCopy.copy(source, directory.resolve("again"), directory.resolve("manifest-2"), TreeLimits.DEFAULT);
            System.out.println("copied");
        }
    }

    private static void make(Path top) throws IOException {
        Directory directory = Directory.open(top);
        for (int i = 0; i < DEPTH; i++) {
            directory.createDirectory(DEEP);
            Directory inner = directory.openDirectory(DEEP);
            directory.close();
            directory = inner;
        }
        for (int i = 0; i < FILES; i++) {
            directory.createFile(name(i)).close();
        }
        directory.close();
    }

    @Test
    @Timeout(900)
    void manyLongPathsAreCopiedBack() throws Exception {
        Files.createDirectory(directory.resolve("source"));
        Path output = directory.resolve("output");
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx48m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        SmallHeapTest.class.getName(),
                        directory.toString())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();

        boolean ended = child.waitFor(840, TimeUnit.SECONDS);
        child.destroyForcibly();

        assertThat(ended).isTrue();
        assertThat(Files.readString(output, StandardCharsets.UTF_8))
                .contains((FILES + DEPTH) + " changed; 0 removed")
                .endsWith("copied\n");
    }

    @Test
    void aTreeDeeperThanAnyPathIsRemoved() throws IOException {
        Directory inner = Directory.open(directory);
        for (int i = 0; i < 1_000; i++) {
            inner.createDirectory(FileName.of("d"));
            Directory next = inner.openDirectory(FileName.of("d"));
            inner.close();
            inner = next;
            inner.createFile(FileName.of("file")).close();
        }
        inner.close();

        try (Directory parent = Directory.open(directory)) {
            TreeRemoval.delete(parent, FileName.of("d"));
        }

        assertThat(directory).isEmptyDirectory();
    }
}
