package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.Command;
import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.Requires;
import dev.nucleus.support.RunsConcurrently;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A manager that stalls for a while, as on a host that swaps, does no harm to its containers. */
@Tag("isolation")
@RunsConcurrently
class StalledManagerTest {

    /**
     * A workload that sends as many messages as it can: its shim can't buffer them all for a manager that doesn't read.
     */
    private static final String TALKATIVE = """
            name: shop
            services:
              web:
                seccomp: python-agent
                readiness: {notify: true, period: 50ms}
                command:
                  - /usr/bin/python3
                  - -c
                  - |
                    import os, socket
                    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                    while True: s.sendto(b"READY=1\\nX=" + b"x" * 1900, os.environ["NOTIFY_SOCKET"])
            """;

    @BeforeAll
    static void root() {
        Requires.root();
    }

    private static void send(String signal, long process) throws IOException {
        Command.run("kill", "-s", signal, Long.toString(process));
    }

    private static int descriptors(long process) {
        return Objects.requireNonNull(
                        Path.of("/proc", Long.toString(process), "fd").toFile().list())
                .length;
    }

    private static long pidOfWeb(ManagerProcess manager) {
        String line = manager.nucleus("ps")
                .out()
                .lines()
                .filter(words -> words.contains("shop/web-1"))
                .findFirst()
                .orElseThrow();
        return Arrays.stream(line.split(" +"))
                .skip(1)
                .filter(word -> word.matches("\\d{2,}"))
                .mapToLong(Long::parseLong)
                .findFirst()
                .orElseThrow(() -> new AssertionError(line));
    }

    @Test
    void aContainerRunsOnWhenItsShimDisconnectsFromAStalledManager(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("fleet.yaml"), TALKATIVE);
        try (ManagerProcess manager = new ManagerProcess(directory).awaitReady().awaitUp("shop")) {
            long web = pidOfWeb(manager);
            long shim =
                    ProcessHandle.of(web).orElseThrow().parent().orElseThrow().pid();
            send("STOP", manager.process().pid());
            try {
                int before = descriptors(shim);
                Awaitility.await("the shim disconnects")
                        .atMost(Duration.ofMinutes(1))
                        .until(() -> descriptors(shim) < before);
            } finally {
                send("CONT", manager.process().pid());
            }

            Awaitility.await().until(() -> manager.log().contains("reconnected to the shim of 'shop/web-1'"));
            manager.awaitUp("shop");
            assertThat(pidOfWeb(manager)).isEqualTo(web);
            assertThat(manager.nucleus("stop", "--grace", "0s", "shop/web-1").code())
                    .isZero();
            Awaitility.await("the replica is listed as stopped")
                    .untilAsserted(
                            () -> assertThat(manager.nucleus("ps", "-a").out()).containsPattern("shop/web-1 +stopped"));
        }
    }
}
