package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.shim.Shim;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.support.Remains;
import dev.nucleus.support.Requires;
import dev.nucleus.support.TestManager;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A spawner in a chroot: the root of a container's mount namespace is then not the container's root. */
@Tag("isolation")
class ChrootTest {

    private static final Path SPAWNER = Path.of("target/native/nucleus-spawner").toAbsolutePath();

    @Test
    void anExecSeesTheContainersRoot() throws Exception {
        Requires.root();
        Path directory = Files.createTempDirectory("nucleus-chroot-");
        Path socket = directory.resolve("spawner.sock");
        Process spawner = spawnerInChroot(Files.createDirectory(directory.resolve("root")), socket);
        try (TestManager manager = TestManager.startWith(socket)) {
            Container container = manager.launch("/bin/sh", "-c", "echo mine > /tmp/mark; exec sleep 60");

            Shim.Captured seen = container
                    .shim()
                    .capture(
                            List.of("/bin/sh", "-c", "pwd; until cat /tmp/mark 2>/dev/null; do sleep 0.01; done"),
                            Duration.ofSeconds(10));

            assertThat(seen.output()).isEqualTo("/home/agent\nmine\n");
            manager.containers().stop(container, new StopSpec(Signal.KILL, Duration.ZERO));
        } finally {
            spawner.getOutputStream().close();
            spawner.waitFor();
            Remains.delete(directory);
        }
    }

    private static Process spawnerInChroot(Path root, Path socket) throws IOException {
        Process process = new ProcessBuilder(
                        "unshare",
                        "--mount",
                        "--propagation",
                        "private",
                        "sh",
                        "-c",
                        "mount --rbind / \"$1\" && exec chroot \"$1\" \"$2\" --socket \"$3\" --follow-stdin",
                        "sh",
                        root.toString(),
                        SPAWNER.toString(),
                        socket.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
        assertThat(output.readLine()).isEqualTo("ready");
        return process;
    }
}
