package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.kernel.Directory;
import dev.nucleus.kernel.FileName;
import dev.nucleus.kernel.TreeRemoval;
import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.RunsConcurrently;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Workspaces that are larger than a manager's heap, and damaged records. */
@Tag("isolation")
@RunsConcurrently
class LargeWorkspaceTest {

    private static final int FILES = 15_000;
    private static final int DEPTH = 120;

    /** Long enough for a manager to start while other tests occupy the processors. */
    private static final Duration TIMEOUT = Duration.ofMinutes(4);

    private static final String MAKE = "chdir '/workspace'; $n = 'd' x 255; for (1..%d) { mkdir $n; chdir $n }"
            + " for (1..%d) { open F, '>', sprintf('%%06d', $_) . 'f' x 249 or die; close F }";

    private Path directory;
    private Path source;

    @BeforeEach
    void start() throws IOException {
        directory = Files.createTempDirectory("nucleus-test-").toRealPath();
        source = Files.createDirectory(directory.resolve("source"));
    }

    @AfterEach
    void remove() throws IOException {
        try (Directory parent = Directory.open(Objects.requireNonNull(directory.getParent()))) {
            TreeRemoval.delete(parent, FileName.of(directory.getFileName().toString()));
        }
    }

    private static long filesAtTheBottom(Path top) throws IOException {
        Directory inner = Directory.open(top);
        try {
            for (int i = 0; i < DEPTH; i++) {
                Directory next = inner.openDirectory(FileName.of("d".repeat(255)));
                inner.close();
                inner = next;
            }
            long count = 0;
            try (Directory.Listing names = inner.list()) {
                while (names.next() != null) {
                    count++;
                }
            }
            return count;
        } finally {
            inner.close();
        }
    }

    /** Starts a container that runs the script once it is released. */
    private String runInACopy(ManagerProcess manager, String script) {
        ManagerProcess.Result result = manager.nucleus(
                "run",
                "-d",
                "--workspace",
                source + ":copy-in-out",
                "--",
                "/usr/bin/perl",
                "-e",
                "until (-e '/workspace/go') { select(undef, undef, undef, 0.02) } unlink '/workspace/go'; " + script);
        assertThat(result.code()).as(result.err()).isZero();
        return result.out().strip();
    }

    private Path copyOf(String id) {
        return directory.resolve("state/copies").resolve(id);
    }

    private void releaseAndAwaitExit(String id) throws IOException {
        Files.createFile(copyOf(id).resolve("workspace/go"));
        Path exit = directory.resolve("state/containers").resolve(id).resolve("exit.json");
        Awaitility.await("the container has exited")
                .atMost(Duration.ofMinutes(2))
                .until(() -> Files.exists(exit));
    }

    private void awaitNoCopies() {
        Awaitility.await("all copies are synced back and removed")
                .atMost(Duration.ofMinutes(3))
                .until(() -> {
                    try (var copies = Files.list(directory.resolve("state/copies"))) {
                        return copies.findAny().isEmpty();
                    }
                });
    }

    /** Such a workspace once crashed the manager, and the restarted one as well. */
    @Test
    void theNextManagerSyncsBackAWorkspaceLargerThanItsHeap() throws IOException {
        try (var manager =
                new ManagerProcess(directory, List.of("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"))) {
            manager.awaitReady(TIMEOUT);
            String id = runInACopy(manager, MAKE.formatted(DEPTH, FILES));
            manager.kill();
            releaseAndAwaitExit(id);

            manager.restart().awaitReady(TIMEOUT);

            awaitNoCopies();
            assertThat(filesAtTheBottom(source)).isEqualTo(FILES);
            assertThat(manager.process().isAlive()).isTrue();
            assertThat(manager.log())
                    .contains((FILES + DEPTH) + " changed; 0 removed")
                    .doesNotContain("OutOfMemory");
        }
    }

    /** A damaged record affects only its own container. */
    @Test
    void damagedRecordsDoNotKeepAManagerFromStarting() throws IOException {
        try (var manager = new ManagerProcess(directory)) {
            manager.awaitReady(TIMEOUT);
            String damaged = runInACopy(manager, "open F, '>', '/workspace/damaged'; close F");
            String cutOff = runInACopy(manager, "open F, '>', '/workspace/cut-off'; close F");
            String whole = runInACopy(manager, "open F, '>', '/workspace/whole'; close F; sleep 1000");
            manager.kill();
            releaseAndAwaitExit(damaged);
            releaseAndAwaitExit(cutOff);
            Files.createFile(copyOf(whole).resolve("workspace/go"));
            Awaitility.await().until(() -> Files.exists(copyOf(whole).resolve("workspace/whole")));
            Files.writeString(copyOf(damaged).resolve("workspace.json"), "[".repeat(100_000));
            Files.writeString(copyOf(cutOff).resolve("workspace.manifest"), "nucleus-tree 1\nd");

            manager.restart().awaitReady(TIMEOUT);

            Awaitility.await()
                    .until(() -> Files.exists(copyOf(damaged + ".kept")) && Files.exists(copyOf(cutOff + ".kept")));
            assertThat(manager.nucleus("ps", "-q").out().lines()).containsExactly(whole);
            assertThat(manager.nucleus("stop", "--grace", "0s", whole).code()).isZero();
            assertThat(source.resolve("damaged")).doesNotExist();
            assertThat(source.resolve("cut-off")).doesNotExist();
            assertThat(source.resolve("whole")).exists();
        }
    }
}
