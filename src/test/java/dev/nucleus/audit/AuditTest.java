package dev.nucleus.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.container.Container;
import dev.nucleus.container.LaunchOrder;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.ManagerProcess.Result;
import dev.nucleus.support.Remains;
import dev.nucleus.support.Requires;
import dev.nucleus.support.SocketHttp;
import dev.nucleus.support.TestManager;
import dev.nucleus.support.TestRootfs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.boot.actuate.audit.listener.AuditApplicationEvent;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The audit trail that a manager keeps of the actions of its users and containers. */
@Tag("isolation")
class AuditTest {

    @BeforeAll
    static void root() {
        Requires.root();
    }

    private static List<JsonNode> trail(Path directory) throws IOException {
        var lines = new ArrayList<JsonNode>();
        try (Stream<Path> files = Files.list(directory.resolve("state/audit"))) {
            for (Path file : files.sorted().toList()) {
                String text = Files.readString(file, StandardCharsets.UTF_8);
                // Without the line that is being written.
                text.substring(0, text.lastIndexOf('\n') + 1)
                        .lines()
                        .forEach(line -> lines.add(JsonMapper.shared().readTree(line)));
            }
        }
        return lines;
    }

    private static List<String> kindsOf(Path directory, String container) throws IOException {
        return trail(directory).stream()
                .filter(line -> line.path("container").path("name").asString("").equals(container))
                .map(line -> line.path("kind").asString())
                .toList();
    }

    @Test
    void theTrailNamesThePrincipalsAndItsChainSurvivesAKill() throws Exception {
        Path directory = Files.createTempDirectory("nucleus-audit-");
        try (ManagerProcess manager = new ManagerProcess(directory).awaitReady()) {
            assertThat(manager.nucleus("run", "-e", "TOKEN=hunter2", "--name", "one", "--", "/bin/sh", "-c", "exit 3")
                            .code())
                    .isEqualTo(3);
            assertThat(manager.nucleus("run", "--name", "two", "--", "/nosuch").code())
                    .isEqualTo(127);
            manager.nucleus("run", "-d", "--name", "three", "--", "/bin/sleep", "1000");
            manager.nucleus("exec", "-n", "three", "--", "/bin/true");

            Awaitility.await().until(() -> kindsOf(directory, "three").contains("container-exec"));
            Awaitility.await().until(() -> kindsOf(directory, "one").contains("container-stop"));
            assertThat(kindsOf(directory, "one"))
                    .containsSubsequence(
                            "namespaces-created",
                            "cgroup-created",
                            "filesystem-mounted",
                            "root-switched",
                            "no-new-privileges",
                            "capabilities-dropped",
                            "landlock-applied",
                            "seccomp-profile-loaded",
                            "seccomp-applied",
                            "container-start",
                            "container-stop");
            assertThat(kindsOf(directory, "two")).containsExactly("launch-failed");
            assertThat(trail(directory))
                    .anySatisfy(line -> {
                        assertThat(line.path("kind").asString()).isEqualTo("command");
                        assertThat(line.path("principal").asString()).isEqualTo("root");
                        assertThat(line.path("detail").asString())
                                .isEqualTo("nucleus run -e TOKEN=… --name one -- /bin/sh -c exit 3: exit code 3");
                        assertThat(line.path("error").asBoolean()).isTrue();
                    })
                    .allSatisfy(line -> assertThat(line.toString()).doesNotContain("hunter2"));
            assertThat(manager.get("/actuator/auditevents?type=container-exec").statusCode())
                    .isEqualTo(403);
            assertThat(SocketHttp.get(directory.resolve("run/http.sock"), "/actuator/auditevents?type=container-exec")
                            .body())
                    .contains("three");

            manager.kill();
            manager.restart().awaitReady();
            Awaitility.await()
                    .until(() -> trail(directory).stream()
                                    .filter(line -> line.path("kind").asString().equals("audit-opened"))
                                    .count()
                            == 2);
            Result verified = manager.nucleus("audit", "verify");
            assertThat(verified.code()).as(verified.err()).isZero();
            assertThat(verified.out()).contains("the chain is intact; head ");
            String head = verified.out().strip().replaceFirst(".* head ", "");
            assertThat(manager.nucleus("audit", "verify", "--head", head).code())
                    .isZero();

            Path copy = Files.createDirectory(directory.resolve("copy"));
            Path file = directory.resolve("state/audit/audit-000000000001.jsonl");
            Files.writeString(
                    copy.resolve(file.getFileName()),
                    Files.readString(file).replaceFirst("exit code 3", "exit code 0"));
            Result tampered = manager.nucleus("audit", "verify", copy.toString());
            assertThat(tampered.code()).isEqualTo(1);
            assertThat(tampered.err()).contains("was changed: its hash does not match its content");

            manager.nucleus("stop", "--grace", "0s", "three");
        } finally {
            Remains.delete(directory);
        }
    }

    /** Spring Security publishes such events for sign-ins. */
    @Test
    void auditEventsOfOtherSpringComponentsAreRecordedToo() {
        try (TestManager manager = TestManager.start()) {
            manager.publish(new AuditApplicationEvent("alice", "AUTHENTICATION_FAILURE", Map.of("from", "192.0.2.7")));

            Awaitility.await()
                    .untilAsserted(() -> assertThat(trail(manager.directory())).anySatisfy(line -> {
                        assertThat(line.path("kind").asString()).isEqualTo("application");
                        assertThat(line.path("principal").asString()).isEqualTo("alice");
                        assertThat(line.path("detail").asString()).isEqualTo("AUTHENTICATION_FAILURE {from=192.0.2.7}");
                    }));
            assertThat(manager.get("/actuator/auditevents?principal=alice").body())
                    .contains("192.0.2.7");
        }
    }

    @Test
    void actionsOfTheInitProcessAreRecorded() throws Exception {
        Path files = Files.createTempDirectory("nucleus-audit-");
        try (TestManager manager = TestManager.start()) {
            Path rootfs = TestRootfs.build(files.resolve("rootfs"), "/bin/bash", "/bin/sleep");
            Container container = manager.containers()
                    .launch(LaunchOrder.detached(
                            Optional.of("orphans"),
                            ContainerSpec.builder(
                                            Mode.PRODUCTION,
                                            List.of("/bin/bash", "-c", "(/bin/sleep 0.05 & exit)\nexec sleep 1000"))
                                    .rootfs(Optional.of(rootfs))
                                    .memory(Optional.of(MemorySize.parse("64M")))
                                    .cpus(Optional.of(new Cpus(1)))
                                    .build()));
            Awaitility.await()
                    .until(() -> kindsOf(manager.directory(), "orphans").contains("zombie-reaped"));
            manager.containers().stop(container, StopSpec.DEFAULT);

            Awaitility.await()
                    .until(() -> kindsOf(manager.directory(), "orphans").contains("container-stop"));
            assertThat(kindsOf(manager.directory(), "orphans"))
                    .containsSubsequence(
                            "init-started", "container-start", "zombie-reaped", "signal-forwarded", "container-stop");
        } finally {
            Remains.delete(files);
        }
    }
}
