package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.ManagerProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What takes CAP_SYS_RESOURCE, which the machine of the tests has not. */
@Tag("vm")
class OomScoreTest {

    @TempDir
    private static Path directory;

    private static ManagerProcess manager;

    @BeforeAll
    static void start() throws IOException {
        Files.writeString(
                directory.resolve("fleet.yaml"), "name: shop\nservices:\n  web: {command: [/bin/sleep, \"1000\"]}\n");
        manager = new ManagerProcess(directory).awaitReady(Duration.ofMinutes(4));
    }

    @AfterAll
    static void stop() {
        manager.close();
    }

    @Test
    void aContainerIsKilledForWantOfMemoryAsAnyOtherProcessHoweverItsManagerIs() throws IOException {
        // By hand, as systemd's OOMScoreAdjust= does it; what is started from now on inherits it.
        Path own = Path.of("/proc", Long.toString(manager.process().pid()), "oom_score_adj");
        String before = Files.readString(own).strip();
        for (String score : new String[] {"-500", "300"}) {
            manager.process().descendants().forEach(process -> write(process, score));

            assertThat(manager.nucleus("run", "--", "/bin/cat", "/proc/self/oom_score_adj")
                            .out())
                    .as("spawner at " + score)
                    .isEqualTo("0\n");
        }
        manager.process().descendants().forEach(process -> write(process, before));
    }

    private static void write(ProcessHandle process, String score) {
        try {
            Files.writeString(Path.of("/proc", Long.toString(process.pid()), "oom_score_adj"), score);
        } catch (IOException e) {
            // It has left meanwhile.
            assertThat(process.isAlive()).as(e.toString()).isFalse();
        }
    }
}
