package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.Requires;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of containers when their manager dies, and comes back. */
@Tag("isolation")
class AdoptionTest {

    @TempDir
    private Path directory;

    @BeforeEach
    void root() {
        Requires.root();
    }

    private static String field(ManagerProcess manager, String name, int column) {
        return manager.nucleus("ps", "-a")
                .out()
                .lines()
                .filter(line -> line.contains(" " + name + " "))
                .findFirst()
                .map(line -> line.split("\\s{2,}")[column])
                .orElse("");
    }

    @Test
    void aKilledManagerIsFollowedByOneThatKnowsEverything() throws IOException {
        Files.writeString(directory.resolve("fleet.yaml"), """
                name: shop
                services:
                  web:
                    command: [/bin/sh, -c, 'i=0; while sleep 0.02; do i=$((i+1)); echo "tick $i"; done']
                    readiness: {exec: ["true"], period: 100ms}
                """);
        try (ManagerProcess manager = new ManagerProcess(directory).awaitReady()) {
            Awaitility.await().until(() -> field(manager, "shop/web-1", 3).equals("ready"));
            String pid = field(manager, "shop/web-1", 6);
            manager.nucleus(
                    "run",
                    "-d",
                    "--name",
                    "brief",
                    "--",
                    "/bin/sh",
                    "-c",
                    "while [ ! -e /tmp/go ]; do sleep 0.01; done; exit 9");
            String brief = field(manager, "brief", 6);
            Path go = Path.of("/proc", brief, "root/tmp/go");

            manager.kill();
            Files.createFile(go);
            Awaitility.await("the brief one ends while nobody manages")
                    .until(() -> !Files.exists(Path.of("/proc", brief)));
            assertThat(Path.of("/proc", pid)).exists();
            manager.restart().awaitReady();

            assertThat(field(manager, "shop/web-1", 6)).as("the same process").isEqualTo(pid);
            assertThat(field(manager, "shop/web-1", 4)).as("restarts").isEqualTo("0");
            Awaitility.await().until(() -> field(manager, "shop/web-1", 3).equals("ready"));
            assertThat(manager.nucleus("ps", "-a").out()).containsPattern("brief +stopped .*exit code 9");
            List<String> lines =
                    manager.nucleus("logs", "shop/web-1").out().lines().toList();
            for (int i = 0; i < lines.size(); i++) {
                assertThat(lines.get(i)).as("no line was lost meanwhile").isEqualTo("tick " + (i + 1));
            }
            assertThat(manager.nucleus("exec", "shop/web-1", "--", "echo", "fine")
                            .out())
                    .isEqualTo("fine\n");
            manager.nucleus("rm", "brief");
        }
    }

    @Test
    void aStopOfTheManagerLetsContainersRunAndAChangedServiceIsReplaced() throws Exception {
        Path file = directory.resolve("fleet.yaml");
        Files.writeString(
                file,
                "name: shop\nservices:\n  web: {command: [/bin/sleep, \"1000\"]}\n  old: {command: [/bin/sleep, \"1000\"]}\n");
        try (ManagerProcess manager = new ManagerProcess(directory).awaitReady()) {
            Awaitility.await()
                    .until(() -> field(manager, "shop/web-1", 3).equals("running")
                            && field(manager, "shop/old-1", 3).equals("running"));
            String web = field(manager, "shop/web-1", 6);
            String old = field(manager, "shop/old-1", 6);
            manager.process().destroy();
            assertThat(manager.process().waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(Path.of("/proc", web)).exists();

            Files.writeString(file, "name: shop\nservices:\n  web: {command: [/bin/sleep, \"2000\"]}\n");
            manager.restart().awaitReady();

            Awaitility.await().until(() -> field(manager, "shop/web-1", 3).equals("running"));
            assertThat(field(manager, "shop/web-1", 6)).isNotEqualTo(web);
            assertThat(field(manager, "shop/web-1", 7)).isEqualTo("/bin/sleep 2000");
            assertThat(Path.of("/proc", web)).doesNotExist();
            assertThat(Path.of("/proc", old)).as("a removed service is stopped").doesNotExist();
            assertThat(manager.nucleus("ps", "-a").out()).doesNotContain("shop/old");
        }
    }

    @Test
    void aFileWithMistakesStartsNothingAndLeavesWithCode2() throws Exception {
        Files.writeString(directory.resolve("fleet.yaml"), "name: shop\nservices:\n  web: {comand: [/w], memory: x}\n");

        ManagerProcess manager = new ManagerProcess(directory);

        assertThat(manager.process().waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(manager.process().exitValue()).isEqualTo(2);
        assertThat(manager.log())
                .contains("fleet.yaml:3:9: unknown field 'comand'; did you mean 'command'?")
                .contains("fleet.yaml:3:31: 'x' is not a size")
                .contains("nothing was started")
                .doesNotContain("at dev.nucleus");
        assertThat(directory.resolve("run/spawner.sock")).doesNotExist();
    }

    @Test
    void twoManagersLiveSideBySideAndOneDirectoryHasOneManager(@TempDir Path other) throws Exception {
        try (ManagerProcess first = new ManagerProcess(directory).awaitReady();
                ManagerProcess second = new ManagerProcess(other).awaitReady()) {
            assertThat(first.nucleus("run", "-d", "--name", "twin", "--", "/bin/sleep", "1000")
                            .code())
                    .isZero();
            assertThat(second.nucleus("run", "-d", "--name", "twin", "--", "/bin/sleep", "1000")
                            .code())
                    .isZero();
            assertThat(first.nucleus("ps", "-q").out())
                    .isNotEqualTo(second.nucleus("ps", "-q").out());

            ManagerProcess intruder = new ManagerProcess(directory);

            assertThat(intruder.process().waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(intruder.process().exitValue()).isNotZero();
            assertThat(first.log())
                    .contains("another manager uses " + directory.resolve("state") + "; nothing was started");
            assertThat(first.nucleus("run", "--", "/bin/echo", "unharmed").out())
                    .isEqualTo("unharmed\n");
        }
    }
}
