package dev.nucleus.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.ManagerProcess.Result;
import dev.nucleus.support.Requires;
import dev.nucleus.support.RunsConcurrently;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A manager is killed during a command; the supervisor and the client go on without it. */
@Tag("isolation")
@RunsConcurrently
class LostManagerTest {

    @TempDir
    private Path directory;

    @BeforeAll
    static void root() {
        Requires.root();
    }

    @Test
    void aRunKeepsItsExitCodeUnlessItsWorkspaceIsNotYetCopiedBack() throws IOException {
        Path workspace = Files.createDirectory(directory.resolve("workspace"));
        Files.setPosixFilePermissions(workspace, PosixFilePermissions.fromString("rwxrwxrwx"));
        try (var manager = new ManagerProcess(directory).awaitReady()) {
            Process plain = manager.start("run", "--", "/bin/sh", "-c", "echo begun; read word; exit 7");
            Process copied = manager.start(
                    "run",
                    "--workspace",
                    workspace + ":copy-in-out",
                    "--",
                    "/bin/sh",
                    "-c",
                    "echo begun; read word; echo $word >made; exit 7");
            awaitBegun(plain);
            awaitBegun(copied);
            manager.kill();
            for (Process client : new Process[] {plain, copied}) {
                client.getOutputStream().write("word\n".getBytes(StandardCharsets.UTF_8));
                client.getOutputStream().flush();
            }

            assertThat(ManagerProcess.finish(plain)).isEqualTo(new Result(7, "", ""));
            Result incomplete = ManagerProcess.finish(copied);
            assertThat(incomplete.code()).isEqualTo(125);
            assertThat(incomplete.err())
                    .isEqualTo("nucleus: the command ended with exit code 7, but the manager has exited; the next one"
                            + " copies the workspace back when it starts\n");
            assertThat(workspace).isEmptyDirectory();

            manager.restart().awaitReady();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(workspace.resolve("made")).hasContent("word"));
            assertThat(manager.nucleus("ps", "-a", "-q").out()).isEmpty();
        }
    }

    /** Data still in pipes when the process in the container has exited is part of the copy. */
    @Test
    void aCopyCompletesAfterTheManagerIsKilled() throws IOException {
        int bytes = 40_000_000;
        try (var manager = new ManagerProcess(directory).awaitReady()) {
            manager.nucleus(
                    "run",
                    "-d",
                    "--name",
                    "web",
                    "--memory",
                    "256M",
                    "--",
                    "/bin/sh",
                    "-c",
                    "head -c " + bytes + " /dev/zero > /tmp/big; mv /tmp/big /tmp/whole; exec sleep 1000");
            Awaitility.await()
                    .until(() -> manager.nucleus("exec", "web", "--", "ls", "/tmp")
                            .out()
                            .contains("whole"));
            Process client = manager.start("cp", "web:/tmp/whole", "-");
            assertThat(client.getInputStream().read()).isNotNegative();

            manager.kill();

            assertThat(client.getInputStream().readAllBytes()).hasSizeGreaterThan(bytes);
            assertThat(ManagerProcess.finish(client).code()).isZero();
            manager.restart().awaitReady();
            manager.nucleus("rm", "-f", "web");
        }
    }

    private static void awaitBegun(Process client) throws IOException {
        assertThat(new String(client.getInputStream().readNBytes(6), StandardCharsets.UTF_8))
                .isEqualTo("begun\n");
    }
}
