package dev.nucleus.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.spec.Signal;
import dev.nucleus.support.Requires;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The scrape of a manager with running containers. */
@Tag("isolation")
class MetricsTest {

    private static final String FLEET = """
            name: shop
            services:
              web:
                command: [/bin/sh, -c, "while true; do :; done"]
                memory: 64M
                cpus: 0.5
                readiness: {exec: ["true"], period: 50ms}
                restart: {policy: always, backoff: {from: 10ms}}
            """;
    private static final String TAGS = "{fleet=\"shop\",replica=\"1\",service=\"web\"}";

    @BeforeAll
    static void hierarchies() {
        Requires.root();
        Requires.legacyCgroups();
    }

    private static List<String> scrape(TestManager manager) {
        return manager.get("/actuator/prometheus").body().lines().toList();
    }

    private static double value(TestManager manager, String series) {
        return scrape(manager).stream()
                .filter(line -> line.startsWith(series + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
                .findFirst()
                .orElse(Double.NaN);
    }

    @Test
    void resourceUsageIsExportedWhileAContainerRuns() throws Exception {
        try (TestManager manager = TestManager.start(FLEET)) {
            manager.await("shop/web-1", ReplicaStatus.READY);

            Awaitility.await().until(() -> value(manager, "nucleus_container_ready" + TAGS) == 1);
            assertThat(value(manager, "nucleus_container_restarts_total" + TAGS))
                    .isZero();
            // The kernel charges in batches: it takes a moment until the usage of a small group is above zero.
            Awaitility.await()
                    .untilAsserted(() -> assertThat(value(manager, "container_memory_usage_bytes" + TAGS))
                            .isBetween(4_096.0, 64e6));
            assertThat(value(manager, "container_memory_available_bytes" + TAGS))
                    .isBetween(1e6, 64.0 * (1 << 20));
            // memory.stat of a small group is up to 2 s old (mm/memcontrol.c, FLUSH_TIME).
            Awaitility.await()
                    .untilAsserted(() -> assertThat(value(manager, "container_memory_rss_bytes" + TAGS))
                            .isBetween(4_096.0, 64e6));
            Awaitility.await()
                    .untilAsserted(() -> assertThat(value(
                                    manager,
                                    "container_paging_faults_total"
                                            + TAGS.replace("}", ",system_paging_fault_type=\"minor\"}")))
                            .isPositive());
            assertThat(value(manager, "nucleus_container_oom_events_total" + TAGS))
                    .isZero();
            Awaitility.await().until(() -> value(manager, "container_cpu_time_seconds_total" + TAGS) > 0.1);
            assertThat(value(manager, "container_uptime_seconds" + TAGS)).isPositive();
            assertThat(value(
                            manager,
                            "nucleus_probe_duration_seconds_count{fleet=\"shop\",kind=\"exec\",outcome=\"success\","
                                    + "role=\"readiness\",service=\"web\"}"))
                    .isPositive();
            assertThat(value(manager, "nucleus_launch_duration_seconds_count{step=\"exec\"}"))
                    .isEqualTo(1);
            manager.containers().pause(manager.containerOf("shop/web-1"), true);
            assertThat(value(manager, "nucleus_container_ready" + TAGS)).isZero();
            assertThat(value(manager, "nucleus_container_serving" + TAGS)).isZero();
            manager.containers().pause(manager.containerOf("shop/web-1"), false);
            assertThat(value(manager, "nucleus_container_ready" + TAGS)).isOne();
            assertThat(scrape(manager))
                    .as("no container ID in any series")
                    .noneMatch(line ->
                            line.contains(manager.containerOf("shop/web-1").id()))
                    .as("cAdvisor's names only on request")
                    .noneMatch(line -> line.startsWith("container_cpu_usage"));

            manager.containerOf("shop/web-1").shim().signal(Signal.KILL);
            Awaitility.await().until(() -> value(manager, "nucleus_container_restarts_total" + TAGS) == 1);
            manager.await("shop/web-1", ReplicaStatus.READY);
            assertThat(scrape(manager).stream().filter(line -> line.startsWith("container_uptime_seconds{")))
                    .as("of the current container, not of the previous one")
                    .hasSize(1);

            manager.fleets().stopReplica("shop/web-1");
            Awaitility.await().until(() -> value(manager, "nucleus_container_ready" + TAGS) == 0);
            assertThat(scrape(manager)).noneMatch(line -> line.startsWith("container_"));
        }
    }

    @Test
    void aContainerThatIsNotReadyYetIsMeasuredToo() {
        try (TestManager manager = TestManager.start(FLEET.replace("[\"true\"]", "[\"false\"]"))) {
            Awaitility.await().until(() -> value(manager, "container_memory_usage_bytes" + TAGS) > 0);

            assertThat(manager.replica("shop/web-1").status()).isNotEqualTo(ReplicaStatus.READY);
        }
    }

    /** 16 is AF_NETLINK, which the profile doesn't allow. */
    @Test
    void denialsOfAContainerAreCounted() {
        String fleet = """
                name: shop
                services:
                  web:
                    command: [/usr/bin/perl, -e, "socket(my $s, 16, 2, 0) for 1..7; sleep 1000"]
                """;
        try (TestManager manager = TestManager.start(fleet)) {
            manager.await("shop/web-1", ReplicaStatus.RUNNING);

            String series = "nucleus_container_denials_total" + TAGS.replace(",replica", ",layer=\"seccomp\",replica");
            Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> value(manager, series) == 7);
            assertThat(value(manager, series.replace("seccomp", "landlock"))).isZero();
        }
    }

    @Test
    void cadvisorNamesAreExportedOnRequest() {
        try (TestManager manager = TestManager.start(FLEET, List.of("--nucleus.metrics.cadvisor-names=true"))) {
            manager.await("shop/web-1", ReplicaStatus.READY);

            String tags = "{fleet=\"shop\",name=\"shop/web-1\",replica=\"1\",service=\"web\"}";
            for (String name : List.of(
                    "container_cpu_usage_seconds_total",
                    "container_cpu_cfs_throttled_seconds_total",
                    "container_memory_working_set_bytes",
                    "container_spec_memory_limit_bytes",
                    "container_oom_events_total",
                    "container_start_time_seconds",
                    "container_processes",
                    "container_health_state")) {
                assertThat(value(manager, name + tags)).as(name).isNotNaN();
            }
            assertThat(value(manager, "container_spec_memory_limit_bytes" + tags))
                    .isEqualTo(64.0 * (1 << 20));
        }
    }

    @Test
    void promtoolFindsNothingWrongWithTheScrape() throws IOException, InterruptedException {
        try (TestManager manager = TestManager.start(FLEET, List.of("--nucleus.metrics.cadvisor-names=true"))) {
            manager.await("shop/web-1", ReplicaStatus.READY);
            Process promtool = new ProcessBuilder("promtool", "check", "metrics")
                    .redirectErrorStream(true)
                    .start();
            try (var in = promtool.getOutputStream()) {
                in.write(manager.get("/actuator/prometheus").body().getBytes(StandardCharsets.UTF_8));
            }
            String said = new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

            assertThat(promtool.waitFor()).as(said).isIn(0, 3);
            assertThat(said.lines().filter(line -> line.contains("container") || line.contains("nucleus")))
                    .as("problems with our metrics; Spring's are not checked")
                    .isEmpty();
        }
    }
}
