package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.OrdinaryUser;
import dev.nucleus.support.Requires;
import dev.nucleus.support.RunsConcurrently;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** An unprivileged user runs their own manager. */
@Tag("isolation")
@RunsConcurrently
class RootlessTest {

    @BeforeEach
    void requireRoot() {
        Requires.root();
    }

    @Test
    void anOrdinaryUserCanRunContainers() throws Exception {
        try (OrdinaryUser user = OrdinaryUser.start(false)) {
            assertThat(user.nucleus("run", "--", "cat", "/proc/self/status"))
                    .containsPattern("CapEff:\\s0000000000000000\n")
                    .containsPattern("CapBnd:\\s0000000000000000\n")
                    .containsPattern("NoNewPrivs:\\s1\n")
                    .containsPattern("Seccomp:\\s2\n");
            assertThat(user.nucleus("run", "--", "readlink", "/proc/self/ns/user")
                            .strip())
                    .isNotEqualTo(Files.readSymbolicLink(Path.of("/proc/self/ns/user"))
                            .toString());
            assertThat(user.nucleus(
                            "run",
                            "--",
                            "sh",
                            "-c",
                            "echo x > /tmp/x; cat /tmp/x; echo > /dev/null; cat /etc/shadow 2>&1 | tail -1"))
                    .isEqualTo("x\ncat: /etc/shadow: No such file or directory\n");
            String id = user.nucleus("run", "-d", "--", "sleep", "1000").strip();
            assertThat(user.nucleus("exec", id, "--", "sh", "-c", "cat /proc/self/status | grep CapEff"))
                    .contains("0000000000000000");
            assertThat(user.nucleus(
                            "exec",
                            id,
                            "--",
                            "sh",
                            "-c",
                            "kill -0 1 && kill -0 2 && echo may signal; script -qec tty /dev/null"))
                    .isEqualTo("may signal\n/dev/pts/0\r\n");
            assertThat(user.nucleus("exec", id, "--", "sh", "-c", "unshare -r true 2>&1 || echo refused"))
                    .endsWith("refused\n");
            String tries = user.nucleus("run", "-d", "--", "sh", "-c", "unshare -r true; sleep 1000")
                    .strip();
            Awaitility.await()
                    .untilAsserted(
                            () -> assertThat(user.nucleus("denials", tries)).contains("unshare(CLONE_NEWUSER)"));
            assertThat(user.nucleus("stop", "--grace", "0s", tries)).isEqualTo(tries + "\n");
            assertThat(user.nucleus("plan", "--", "true")).contains("rootless");
            assertThat(user.nucleus("stop", id)).isEqualTo(id + "\n");
        }
    }

    @Test
    void theQuickStartFleetRunsWithoutRoot() throws IOException {
        Path fleets = Path.of("config/fleets").toAbsolutePath();
        try (OrdinaryUser user = OrdinaryUser.start(false, "--nucleus.fleets=" + fleets)) {
            Awaitility.await("the demo is ready")
                    .atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> assertThat(user.nucleus("ps"))
                            .containsPattern("demo/web-1 +running +ready")
                            .containsPattern("demo/ticker-1 +running +ready"));
        }
    }

    @Test
    void keepIdMapsTheManagersUserToItself() throws IOException {
        Requires.program("/usr/bin/newuidmap", "uidmap");
        try (OrdinaryUser user = OrdinaryUser.start(true)) {
            String map = user.nucleus(
                    "run", "--user-namespace", "keep-id", "--", "sh", "-c", "id -u; id -g; cat /proc/self/uid_map");

            assertThat(map.lines().map(line -> line.strip().replaceAll(" +", " ")))
                    .containsExactly("65534", "65534", "65534 65534 1", "0 300000 65534", "65535 365534 2");
        }
    }

    @Test
    void withSubordinateIdsTheWorkloadCanHaveAnyUserId() throws IOException {
        Requires.program("/usr/bin/newuidmap", "uidmap");
        try (OrdinaryUser user = OrdinaryUser.start(true)) {
            Path work = Files.createDirectory(user.directory().resolve("work"));
            Files.setAttribute(work, "unix:uid", OrdinaryUser.ID);

            String seen = user.nucleus(
                    "run",
                    "--user-namespace",
                    "auto",
                    "--user",
                    "1000:1000",
                    "--volume",
                    work + ":/work",
                    "--",
                    "sh",
                    "-c",
                    "id -u; echo made > /work/file; wc -l < /proc/self/uid_map; cat /proc/self/setgroups");

            assertThat(seen).isEqualTo("1000\n3\nallow\n");
            assertThat(Files.getAttribute(work.resolve("file"), "unix:uid", LinkOption.NOFOLLOW_LINKS))
                    .as("the workload's files belong to the manager's user")
                    .isEqualTo(OrdinaryUser.ID);
        }
    }
}
