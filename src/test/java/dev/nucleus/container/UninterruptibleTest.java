package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.Command;
import dev.nucleus.support.FreezableDisk;
import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.ManagerProcess.Result;
import dev.nucleus.support.Requires;
import dev.nucleus.support.RunsConcurrently;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A process in an uninterruptible wait can't be killed: its container has not stopped, even if its shim is gone. */
@Tag("isolation")
@RunsConcurrently
class UninterruptibleTest {

    @BeforeAll
    static void requireRoot() {
        Requires.root();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aContainerThatWaitsForADiskIsNotReportedAsStopped(boolean newManager, @TempDir Path directory)
            throws IOException {
        try (var disk = FreezableDisk.mount(directory.resolve("disk"));
                var manager = new ManagerProcess(Files.createDirectory(directory.resolve("manager"))).awaitReady()) {
            Files.createDirectory(disk.directory().resolve("data"));
            assertThat(manager.nucleus(
                            "run",
                            "-d",
                            "--name",
                            "hung",
                            "--user",
                            "0:0",
                            "--volume",
                            disk.directory().resolve("data") + ":/data:rw",
                            "--",
                            "/bin/sh",
                            "-c",
                            "while [ ! -e /tmp/go ]; do sleep 0.01; done; echo x > /data/file"))
                    .as("launched")
                    .extracting(Result::err)
                    .isEqualTo("");
            String pid = ps(manager).split("\\s{2,}")[6];
            String shim = Long.toString(ProcessHandle.of(Long.parseLong(pid))
                    .flatMap(ProcessHandle::parent)
                    .orElseThrow()
                    .pid());
            disk.freeze();
            try {
                Files.createFile(Path.of("/proc", pid, "root/tmp/go"));
                Awaitility.await("the workload hangs").until(() -> hangs(pid));
                if (newManager) {
                    manager.kill();
                }
                Command.run("kill", "-s", "KILL", shim);
                if (newManager) {
                    manager.restart().awaitReady();
                }

                assertThat(manager.nucleus("stop", "--grace", "0s", "hung"))
                        .isEqualTo(new Result(
                                125,
                                "",
                                "nucleus: 'hung' still runs 5s after SIGKILL was due: it may be in an uninterruptible wait, "
                                        + "or its shim may be suspended\n"));
                assertThat(ps(manager)).doesNotContain("stopped");
                assertThat(manager.nucleus("run", "--name", "hung", "--", "/bin/true")
                                .err())
                        .contains("a container named 'hung' is live already");
                Awaitility.await().until(() -> manager.log().contains("look for state D"));
            } finally {
                disk.thaw();
            }
            Awaitility.await().until(() -> ps(manager).contains("stopped"));
            assertThat(manager.nucleus("rm", "hung").code()).isZero();
        }
    }

    private static String ps(ManagerProcess manager) {
        return manager.nucleus("ps", "-a")
                .out()
                .lines()
                .filter(line -> line.contains(" hung "))
                .findFirst()
                .orElse("");
    }

    /** Whether a child of the process is in state D (proc(5)). */
    private static boolean hangs(String pid) {
        try (Stream<ProcessHandle> children =
                ProcessHandle.of(Long.parseLong(pid)).stream().flatMap(ProcessHandle::children)) {
            return children.anyMatch(child -> state(child.pid()).equals("D"));
        }
    }

    private static String state(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"), StandardCharsets.ISO_8859_1);
            return List.of(stat.substring(stat.lastIndexOf(')') + 2).split(" ")).getFirst();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
