package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.OrdinaryUser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Limits without root, in a cgroup that was delegated to the user as systemd's {@code Delegate=} does. */
@Tag("vm")
class DelegatedCgroupTest {

    private static final Path GIVEN = Path.of("/sys/fs/cgroup/given");

    private static OrdinaryUser user;

    @BeforeAll
    static void start() throws IOException {
        Files.writeString(Path.of("/sys/fs/cgroup/cgroup.subtree_control"), "+memory +pids +cpu");
        Files.createDirectory(GIVEN);
        for (Path path : List.of(
                GIVEN,
                GIVEN.resolve("cgroup.procs"),
                GIVEN.resolve("cgroup.threads"),
                GIVEN.resolve("cgroup.subtree_control"))) {
            Files.setAttribute(path, "unix:uid", OrdinaryUser.ID);
        }
        user = OrdinaryUser.start(false, Optional.of(GIVEN));
    }

    @AfterAll
    static void stop() throws IOException {
        if (user != null) {
            user.close();
        }
        Awaitility.await("the delegated cgroups are removed")
                .atMost(Duration.ofSeconds(60))
                .ignoreExceptions()
                .until(() -> {
                    Files.deleteIfExists(GIVEN.resolve("manager"));
                    Files.deleteIfExists(GIVEN);
                    return true;
                });
    }

    private static List<Path> containers() throws IOException {
        try (Stream<Path> entries = Files.list(GIVEN)) {
            return entries.filter(entry -> entry.getFileName().toString().startsWith("nucleus-"))
                    .toList();
        }
    }

    @Test
    void limitsAreWrittenAndTheCgroupIsRemovedWithItsContainer() throws IOException {
        String id = user.nucleus(
                        "run", "-d", "--memory", "64M", "--cpus", "0.5", "--pids", "16", "--", "/bin/sleep", "1000")
                .strip();

        assertThat(containers()).containsExactly(GIVEN.resolve("nucleus-" + id));
        Path cgroup = containers().getFirst();
        assertThat(Files.readString(cgroup.resolve("memory.max"))).isEqualTo("67108864\n");
        assertThat(Files.readString(cgroup.resolve("cpu.max"))).isEqualTo("50000 100000\n");
        assertThat(Files.readString(cgroup.resolve("pids.max"))).isEqualTo("16\n");
        assertThat(Files.readAllLines(cgroup.resolve("cgroup.procs")))
                .as("the init and the workload")
                .hasSize(2);
        assertThat(Files.readAllLines(GIVEN.resolve("cgroup.procs")))
                .as("the manager has moved to a child")
                .isEmpty();
        assertThat(user.nucleus("plan", "--memory", "64M", "--", "true")).contains("use more than 64M of memory");

        user.nucleus("pause", id);
        assertThat(Files.readString(cgroup.resolve("cgroup.events"))).contains("frozen 1");
        user.nucleus("resume", id);
        user.nucleus("stop", "--grace", "0s", id);
        user.nucleus("rm", id);
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(containers()).isEmpty());
    }

    @Test
    void exceedingTheMemoryLimitKillsTheContainer() {
        String id = user.nucleus(
                        "run", "-d", "--memory", "32M", "--", "/bin/sh", "-c", "head -c 100M /dev/zero | tail -c 90M")
                .strip();

        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(user.nucleus("ps", "-a")).contains("out of memory"));
        user.nucleus("rm", id);
    }
}
