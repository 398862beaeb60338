package dev.nucleus.history;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.fleet.Cause;
import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.spec.Signal;
import dev.nucleus.support.Requires;
import dev.nucleus.support.SmallDisk;
import dev.nucleus.support.TestManager;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** A manager's history of real containers. */
@Tag("isolation")
@ExtendWith(OutputCaptureExtension.class)
class HistoryTest {

    private static final String FLEET = """
            name: shop
            services:
              web:
                command: [/bin/sleep, "1000"]
                restart: {policy: always, backoff: {from: 5ms}}
            health: {objective: {availability: 99%, over: 1h}}
            """;

    @BeforeAll
    static void root() {
        Requires.root();
    }

    private static List<Entry> kept(TestManager manager) {
        return manager.bean(History.class)
                .before("shop", "web", 1, Instant.now().plusSeconds(60), 1_000);
    }

    @Test
    void everyTransitionIsKeptWithItsCauseAndOutlivesTheManager(@TempDir Path directory) throws Exception {
        Path state = directory.resolve("state");
        String id;
        try (TestManager manager = TestManager.start(FLEET, List.of("--nucleus.state-dir=" + state))) {
            manager.await("shop/web-1", ReplicaStatus.RUNNING);
            id = manager.containerOf("shop/web-1").id();
            manager.containerOf("shop/web-1").shim().signal(Signal.KILL);
            Awaitility.await().until(() -> manager.replica("shop/web-1").restarts() == 1);
            manager.await("shop/web-1", ReplicaStatus.RUNNING);
            Awaitility.await().until(() -> kept(manager).size() >= 5);
            assertThat(manager.get("/actuator/health/history").body()).contains("\"UP\"");
        }

        try (TestManager manager = TestManager.start(FLEET, List.of("--nucleus.state-dir=" + state))) {
            manager.await("shop/web-1", ReplicaStatus.RUNNING);
            Awaitility.await().until(() -> !kept(manager).isEmpty());
            List<Entry> all = kept(manager).reversed();
            assertThat(all)
                    .extracting(entry -> entry.transition().to() + " by "
                            + entry.transition().kind())
                    .startsWith(
                            "STARTING by LAUNCH",
                            "RUNNING by RUNNING",
                            "CRASHED by SIGNAL",
                            "STARTING by SIGNAL",
                            "RUNNING by RUNNING",
                            "STOPPED by OPERATOR");
            assertThat(all.get(2).transition().cause()).startsWith("killed by SIGKILL");
            assertThat(all.get(2).container()).isEqualTo(id);
            assertThat(all.get(3).transition().cause())
                    .as("the restart keeps the original cause")
                    .isEqualTo("launching again, restart 1, after: killed by SIGKILL");
            assertThat(all.get(3).transition().kind()).isEqualTo(Cause.Kind.SIGNAL);
        }
    }

    @Test
    void aServiceIsMeasuredAgainstItsObjective() {
        try (TestManager manager = TestManager.start(FLEET)) {
            manager.await("shop/web-1", ReplicaStatus.RUNNING);
            ServiceLevels levels = manager.bean(ServiceLevels.class);

            // Time counts as observed once the manager has recorded, every ten seconds, that it runs.
            Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
                levels.measure();
                return levels.of("shop", "web")
                        .map(level -> level.measured().observed().isPositive())
                        .orElse(false);
            });
            assertThat(levels.of("shop", "web").orElseThrow().spent()).isLessThan(0.5);
        }
    }

    @Test
    void anAlertIsPublishedWhenTheErrorBudgetIsSpent() {
        String strict =
                FLEET.replace("[/bin/sleep, \"1000\"]", "[/bin/false]").replace("99%, over: 1h", "99.99%, over: 1m");
        try (TestManager manager = TestManager.start(strict)) {
            var alerts = new CopyOnWriteArrayList<BudgetSpent>();
            manager.listen(BudgetSpent.class, alerts::add);
            manager.await("shop/web-1", ReplicaStatus.CRASH_LOOP);
            ServiceLevels levels = manager.bean(ServiceLevels.class);

            Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
                levels.measure();
                return !alerts.isEmpty() && alerts.getLast().percent() == 100;
            });
            int before = alerts.size();
            levels.measure();
            assertThat(alerts).as("one alert for each part of the budget").hasSize(before);
        }
    }

    @Test
    void aFullDiskNeitherAffectsHealthNorCorruptsTheHistory(@TempDir Path directory, CapturedOutput output)
            throws Exception {
        Path file = directory.resolve("disk/h.db");
        try (SmallDisk disk = SmallDisk.mount(file.getParent(), "size=1m");
                TestManager manager = TestManager.start(
                        FLEET,
                        List.of("--nucleus.history.url=jdbc:sqlite:" + file + "?journal_mode=WAL&busy_timeout=5000"))) {
            manager.await("shop/web-1", ReplicaStatus.RUNNING);
            Awaitility.await().until(() -> kept(manager).size() >= 2);
            Path filling = disk.fill();

            for (int restart = 0; restart < 3; restart++) {
                int before = restart;
                Awaitility.await()
                        .until(() -> manager.replica("shop/web-1").status() == ReplicaStatus.RUNNING
                                && manager.replica("shop/web-1").restarts() == before);
                manager.containerOf("shop/web-1").shim().signal(Signal.KILL);
            }
            Awaitility.await().until(() -> manager.bean(History.class).problem().isPresent());
            manager.await("shop/web-1", ReplicaStatus.RUNNING);
            assertThat(manager.get("/actuator/health/shop").statusCode()).isEqualTo(200);
            assertThat(manager.get("/actuator/health").statusCode()).isEqualTo(200);
            assertThat(manager.get("/actuator/health/history").body())
                    .contains("UNKNOWN")
                    .contains("the history can't be written to /")
                    .contains("h.db: ");
            assertThat(manager.get("/").body()).contains("the history can&#39;t be written");

            Files.delete(filling);
            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> manager.bean(History.class).problem().isEmpty());
            Awaitility.await()
                    .until(() -> kept(manager).stream()
                                    .filter(entry -> entry.transition().to() == ReplicaStatus.CRASHED)
                                    .count()
                            == 3);
            assertThat(output).contains("Health is not affected");
            try (var connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                    var rows = connection.createStatement().executeQuery("pragma integrity_check")) {
                assertThat(rows.next()).isTrue();
                assertThat(rows.getString(1)).isEqualTo("ok");
            }
        }
    }
}
