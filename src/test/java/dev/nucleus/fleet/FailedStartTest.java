package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.settings.UnusableDirectoryException;
import dev.nucleus.support.Requires;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A manager launches nothing before it has started completely. */
@Tag("isolation")
class FailedStartTest {

    private static final String FLEET = "name: shop\nservices: {web: {command: [/bin/sleep, \"1000\"]}}\n";

    @TempDir
    private Path directory;

    @BeforeAll
    static void root() {
        Requires.root();
    }

    private List<String> settings(Path run, int port) {
        return List.of(
                "--nucleus.state-dir=" + directory.resolve("state"),
                "--nucleus.run-dir=" + run,
                "--server.port=" + port);
    }

    private void assertNothingRuns() {
        assertThat(directory.resolve("state/containers")).isEmptyDirectory();
        assertThat(directory.resolve("run/c")).isEmptyDirectory();
        assertThat(directory.resolve("run/spawner.sock")).doesNotExist();
    }

    @Test
    void aPortInUseLeavesNothingRunning() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> TestManager.start(FLEET, settings(directory.resolve("run"), taken.getLocalPort())))
                    .hasStackTraceContaining("Port " + taken.getLocalPort());
        }

        assertNothingRuns();
    }

    @Test
    void aCommandSocketThatCannotBeBoundLeavesNothingRunning() throws Exception {
        Path run = Files.createDirectory(directory.resolve("run"));
        Files.setPosixFilePermissions(run, PosixFilePermissions.fromString("rwx------"));
        Files.createDirectories(run.resolve("nucleus.sock/in-the-way"));

        assertThatThrownBy(() -> TestManager.start(FLEET, settings(run, 0))).hasStackTraceContaining("can't listen on");

        assertNothingRuns();
    }

    @Test
    void anOpenRunDirectoryIsMadePrivateAndATooLongOneIsRefused() throws Exception {
        Path run = Files.createDirectory(directory.resolve("run"));
        Files.setPosixFilePermissions(run, PosixFilePermissions.fromString("rwxr-xr-x"));

        try (TestManager manager = TestManager.start(FLEET, settings(run, 0))) {
            manager.await("shop/web-1", ReplicaStatus.RUNNING);
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(run)))
                .isEqualTo("rwx------");
        assertThatThrownBy(() -> TestManager.start(FLEET, settings(directory.resolve("r".repeat(100)), 0)))
                .hasRootCauseInstanceOf(IOException.class)
                .hasStackTraceContaining(UnusableDirectoryException.class.getName())
                .hasStackTraceContaining("is too long");
    }
}
