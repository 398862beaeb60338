package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.container.Container;
import dev.nucleus.spec.Signal;
import dev.nucleus.support.Requires;
import dev.nucleus.support.TestManager;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Fleets of real containers: health, restarts and dependencies, queried over HTTP as by a load balancer. */
@Tag("isolation")
class FleetSupervisionTest {

    @BeforeAll
    static void root() {
        Requires.root();
    }

    private static List<String> statuses(ReplicaView replica) {
        return replica.history().stream().map(Transition::to).map(Enum::name).toList();
    }

    private static void awaitHealth(TestManager manager, String path, int status) {
        Awaitility.await(path + " answers " + status)
                .pollInterval(Duration.ofMillis(5))
                .until(() -> manager.get(path).statusCode() == status);
    }

    @Test
    void aKilledWorkloadIsReportedDownAtOnceAndRestarted() throws Exception {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    command: [/bin/sleep, "1000"]
                    restart: {policy: always, backoff: {from: 1s}}
                """)) {
            manager.await("shop/web-1", ReplicaStatus.RUNNING);
            assertThat(manager.get("/actuator/health/shop").statusCode()).isEqualTo(200);
            Container first = manager.containerOf("shop/web-1");

            long begun = System.nanoTime();
            first.shim().signal(Signal.KILL);
            awaitHealth(manager, "/actuator/health/shop", 503);
            Duration took = Duration.ofNanos(System.nanoTime() - begun);

            assertThat(manager.get("/actuator/health/shop").body())
                    .contains("\"DOWN\"")
                    .contains("killed by SIGKILL");
            assertThat(took).as("a loose bound; the benchmark measures it").isLessThan(Duration.ofMillis(500));
            manager.await("shop/web-1", ReplicaStatus.RUNNING);
            assertThat(manager.containerOf("shop/web-1").id()).isNotEqualTo(first.id());
            assertThat(manager.replica("shop/web-1").restarts()).isEqualTo(1);
            assertThat(statuses(manager.replica("shop/web-1")))
                    .containsExactly("STARTING", "RUNNING", "CRASHED", "STARTING", "RUNNING");
            awaitHealth(manager, "/actuator/health/shop", 200);
        }
    }

    @Test
    void readinessChangesHealthWithoutARestart() throws Exception {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    command: [/bin/sleep, "1000"]
                    readiness: {exec: [test, -e, /tmp/ready], period: 50ms, failures: 2}
                """)) {
            manager.await("shop/web-1", ReplicaStatus.STARTING);
            assertThat(manager.get("/actuator/health/shop").statusCode()).isEqualTo(503);
            assertThat(manager.get("/actuator/health/shop").body()).contains("OUT_OF_SERVICE");
            Container container = manager.containerOf("shop/web-1");

            container.shim().capture(List.of("touch", "/tmp/ready"), Duration.ofSeconds(5));
            manager.await("shop/web-1", ReplicaStatus.READY);
            assertThat(manager.get("/actuator/health/shop").statusCode()).isEqualTo(200);

            container.shim().capture(List.of("rm", "/tmp/ready"), Duration.ofSeconds(5));
            manager.await("shop/web-1", ReplicaStatus.NOT_READY);
            assertThat(manager.get("/actuator/health/fleets/shop/web/web-1").statusCode())
                    .isEqualTo(503);
            assertThat(manager.replica("shop/web-1").restarts()).isZero();
            assertThat(manager.containerOf("shop/web-1")).isEqualTo(container);
        }
    }

    @Test
    void aFailingLivenessProbeRestartsTheReplica() {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    command: [/bin/sleep, "1000"]
                    liveness: {tcp: 9, period: 50ms, failures: 2}
                    restart: {policy: always, backoff: {from: 10ms}}
                """)) {
            Awaitility.await().until(() -> manager.replica("shop/web-1").restarts() >= 2);

            assertThat(manager.replica("shop/web-1").history())
                    .anyMatch(
                            t -> t.to() == ReplicaStatus.UNHEALTHY && t.cause().contains("ECONNREFUSED"));
            // The log says what ended the run before; its exit status alone does not.
            Awaitility.await()
                    .until(() -> manager.containerOf("shop/web-1")
                            .previousRun()
                            .filter(run -> run.end().matches("liveness: .*ECONNREFUSED.*; killed by .*"))
                            .isPresent());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"exit 200", "exit 500", "accepts and never answers"})
    void anHttpProbeReadsTheStatusOrTimesOut(String behaviour) {
        String answer = behaviour.startsWith("exit")
                ? "print $c qq(HTTP/1.1 " + behaviour.substring(5) + " X\\\\r\\\\n\\\\r\\\\n); close $c"
                : "push @k, $c";
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    seccomp: network-server
                    command:
                      - /usr/bin/perl
                      - -e
                      - "use IO::Socket::INET; my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 8000, Listen => 9) or die; my @k; while (my $c = $s->accept) { %s }"
                    readiness: {http: {port: 8000, path: /health}, period: 50ms, timeout: 300ms, failures: 1}
                """.formatted(answer))) {
            Awaitility.await()
                    .until(() -> manager.replica("shop/web-1").probeResults().stream()
                            .anyMatch(a -> !a.detail().contains("ECONNREFUSED")));
            Awaitility.await()
                    .until(() -> manager.replica("shop/web-1").probeResults().stream()
                            .anyMatch(a -> a.detail()
                                    .equals(
                                            switch (behaviour) {
                                                case "exit 200" -> "status 200";
                                                case "exit 500" -> "status 500";
                                                default -> "no answer within 300 ms";
                                            })));

            boolean success = behaviour.equals("exit 200");
            Awaitility.await()
                    .until(() -> manager.replica("shop/web-1").status()
                            == (success ? ReplicaStatus.READY : ReplicaStatus.NOT_READY));
        }
    }

    @Test
    void aHangingProbeDelaysNoOther() {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  stuck:
                    command: [/bin/sleep, "1000"]
                    readiness: {exec: [sleep, "1000"], period: 50ms, timeout: 30s}
                  quick:
                    command: [/bin/sleep, "1000"]
                    readiness: {exec: ["true"], period: 50ms}
                """)) {
            manager.await("shop/quick-1", ReplicaStatus.READY);
            Awaitility.await()
                    .until(() -> manager.replica("shop/quick-1").probeResults().size() > 20);

            assertThat(manager.replica("shop/stuck-1").status()).isEqualTo(ReplicaStatus.STARTING);
        }
    }

    @Test
    void aServiceWaitsForDependenciesInEveryCondition() {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    command: [/bin/sleep, "1000"]
                    depends-on: {migrate: completed, db: healthy}
                  migrate:
                    command: [/bin/true]
                    job: true
                    depends-on: {db: healthy}
                  db:
                    command: [/bin/sh, -c, "sleep 0.3; touch /tmp/up; exec sleep 1000"]
                    readiness: {exec: [test, -e, /tmp/up], period: 50ms}
                """)) {
            manager.await("shop/web-1", ReplicaStatus.RUNNING);

            assertThat(manager.replica("shop/migrate-1").status()).isEqualTo(ReplicaStatus.COMPLETED);
            assertThat(manager.replica("shop/web-1").since())
                    .isAfterOrEqualTo(manager.replica("shop/migrate-1").since());
            assertThat(manager.replica("shop/migrate-1").since())
                    .isAfterOrEqualTo(manager.replica("shop/db-1").since());
            assertThat(manager.get("/actuator/health/shop").statusCode()).isEqualTo(200);
            assertThat(manager.get("/actuator/health/shop").body()).doesNotContain("migrate");
        }
    }

    @Test
    void aWaitingReplicaReportsItsUnmetDependencies() throws InterruptedException {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    command: [/bin/sleep, "1000"]
                    depends-on: {migrate: completed, db: healthy}
                  migrate:
                    command: [/bin/false]
                    job: true
                    restart: never
                  db:
                    command: [/bin/sleep, "1000"]
                    replicas: 2
                    readiness: {exec: [test, -e, /tmp/up], period: 50ms, failures: 1}
                """)) {
            manager.await("shop/migrate-1", ReplicaStatus.FAILED);
            manager.await("shop/db-1", ReplicaStatus.NOT_READY);
            manager.await("shop/db-2", ReplicaStatus.NOT_READY);

            Awaitility.await()
                    .untilAsserted(
                            () -> assertThat(manager.replica("shop/web-1").cause())
                                    .isEqualTo(
                                            "waiting for db to be healthy (db-1 is not ready: readiness: exit code 1, and 1 more); "
                                                    + "migrate to be completed (migrate-1 is failed: exit code 1; restart: never)"));
            assertThat(manager.replica("shop/web-1").status()).isEqualTo(ReplicaStatus.WAITING);

            // A start returns when it is known whether it waits.
            manager.fleets().stopReplica("shop/web-1");
            manager.fleets().startReplica("shop/web-1");
            assertThat(manager.replica("shop/web-1").status()).isEqualTo(ReplicaStatus.WAITING);
        }
    }

    /**
     * Compose's timing: no check before the first interval, with retries: 1 one failure is enough, and failures in the
     * start period don't count.
     */
    @Test
    void aHealthcheckFollowsComposesTiming() throws Exception {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  late:
                    command: [/bin/sh, -c, "sleep 0.2; touch /tmp/up; exec sleep 1000"]
                    healthcheck: {test: [CMD, test, -e, /tmp/up], interval: 1500ms, timeout: 5s, retries: 1}
                  slow:
                    command: [/bin/sleep, "1000"]
                    healthcheck:
                      {test: [CMD, test, -e, /tmp/up], interval: 100ms, timeout: 5s, retries: 1, start_period: 1h, start_interval: 20ms}
                    restart: {policy: always, backoff: {from: 10s, to: 10s}}
                """)) {
            Awaitility.await("failures within the start period")
                    .until(() -> manager.replica("shop/slow-1").probeResults().size() > 5);
            assertThat(manager.replica("shop/slow-1").status()).isEqualTo(ReplicaStatus.STARTING);
            assertThat(manager.replica("shop/slow-1").restarts()).isZero();
            Container slow = manager.containerOf("shop/slow-1");
            slow.shim().capture(List.of("touch", "/tmp/up"), Duration.ofSeconds(5));
            manager.await("shop/slow-1", ReplicaStatus.READY);
            slow.shim().capture(List.of("rm", "/tmp/up"), Duration.ofSeconds(5));
            Awaitility.await("one failure after the first success is enough")
                    .until(() -> manager.replica("shop/slow-1").restarts() == 1);

            manager.await("shop/late-1", ReplicaStatus.READY);
            ReplicaView late = manager.replica("shop/late-1");
            assertThat(late.restarts()).isZero();
            assertThat(Duration.between(
                            manager.containerOf("shop/late-1")
                                    .whileRunning()
                                    .orElseThrow()
                                    .startedAt(),
                            late.probeResults().getFirst().at()))
                    .isGreaterThanOrEqualTo(Duration.ofMillis(1_450));
            assertThat(late.probeResults())
                    .as("one check for both roles")
                    .allMatch(answer ->
                            answer.role() == late.probeResults().getFirst().role());
        }
    }

    @Test
    void backoffGrowsAndAServiceFailsAfterItsLastRestart() {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  moody:
                    command: [/bin/false]
                    restart: {policy: "on-failure:3", backoff: {from: 20ms, factor: 2, to: 1s}}
                """)) {
            manager.await("shop/moody-1", ReplicaStatus.FAILED);

            ReplicaView replica = manager.replica("shop/moody-1");
            assertThat(replica.restarts()).isEqualTo(3);
            assertThat(replica.cause()).isEqualTo("exit code 1; all restarts used (restart: on-failure:3)");
            assertThat(replica.history().stream()
                            .filter(t -> t.to() == ReplicaStatus.CRASHED)
                            .map(Transition::cause))
                    .containsExactly(
                            "exit code 1; starts again in 20ms",
                            "exit code 1; starts again in 40ms",
                            "exit code 1; starts again in 80ms");
        }
    }

    @Test
    void aServiceThatCannotStartReportsWhyAndTheOthersRun() {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  broken:
                    command: [/nosuch/program]
                    restart: never
                  web:
                    command: [/bin/sleep, "1000"]
                """)) {
            manager.await("shop/broken-1", ReplicaStatus.FAILED);
            manager.await("shop/web-1", ReplicaStatus.RUNNING);

            assertThat(manager.replica("shop/broken-1").cause())
                    .contains("launch failed at exec")
                    .contains("What to do");
            assertThat(manager.get("/actuator/health/shop").statusCode()).isEqualTo(503);
            assertThat(manager.get("/actuator/health/liveness").statusCode())
                    .as("a failing workload must not get the manager restarted")
                    .isEqualTo(200);
            assertThat(manager.get("/actuator/health/readiness").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void aStoppedServiceIsUnknownToMonitoringAndDownForTraffic() throws Exception {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web: {command: [/bin/sleep, "1000"], replicas: 2}
                  db: {command: [/bin/sleep, "1000"]}
                """)) {
            manager.await("shop/web-1", ReplicaStatus.RUNNING);
            manager.await("shop/web-2", ReplicaStatus.RUNNING);
            manager.await("shop/db-1", ReplicaStatus.RUNNING);

            manager.fleets().stopReplica("shop/web-1");

            assertThat(manager.get("/actuator/health/shop").statusCode())
                    .as("another replica still serves")
                    .isEqualTo(200);

            manager.fleets().stopReplica("shop/web-2");

            assertThat(manager.replica("shop/web-1").status()).isEqualTo(ReplicaStatus.STOPPED);
            assertThat(manager.get("/actuator/health/fleets/shop/web").statusCode())
                    .isEqualTo(200);
            assertThat(manager.get("/actuator/health/fleets/shop/web").body()).contains("UNKNOWN");
            assertThat(manager.get("/actuator/health/shop/web").statusCode())
                    .as("a load balancer must not send traffic to nothing")
                    .isEqualTo(503);
            assertThat(manager.get("/actuator/health/shop").statusCode()).isEqualTo(503);
            assertThat(manager.get("/actuator/health/shop").body()).contains("UNKNOWN", "\"STOPPED\"");
            assertThat(manager.get("/actuator/health/fleets/shop").statusCode()).isEqualTo(200);

            manager.fleets().stopReplica("shop/db-1");

            assertThat(manager.get("/actuator/health/shop").statusCode()).isEqualTo(503);
            assertThat(manager.get("/actuator/health/fleets/shop").body()).endsWith("\"status\":\"UNKNOWN\"}");
        }
    }

    @Test
    void configuredServicesHaveHealthGroupsAndAllAreListed() throws Exception {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web: {command: [/bin/sleep, "1000"], replicas: 2}
                  db: {command: [/bin/sleep, "1000"], readiness: {exec: ["false"], period: 50ms}}
                  none: {command: [/bin/sleep, "1000"], replicas: 0}
                health: {traffic: [web, none]}
                """)) {
            manager.await("shop/web-1", ReplicaStatus.RUNNING);
            manager.await("shop/web-2", ReplicaStatus.RUNNING);

            assertThat(manager.get("/actuator/health/shop").statusCode()).isEqualTo(503);
            assertThat(manager.get("/actuator/health/shop-web").statusCode()).isEqualTo(200);
            assertThat(manager.get("/actuator/health/shop-web").body()).doesNotContain("db-1");
            assertThat(manager.get("/actuator/health/shop-web/web-2").statusCode())
                    .isEqualTo(200);
            assertThat(manager.get("/actuator/health/shop-web/web-3").statusCode())
                    .isEqualTo(404);
            assertThat(manager.get("/actuator/health/shop-db").statusCode()).isEqualTo(404);
            assertThat(manager.get("/actuator/health/shop-none").statusCode()).isEqualTo(503);
            assertThat(manager.get("/actuator/health/fleets/shop/none").statusCode())
                    .isEqualTo(200);
            assertThat(manager.get("/actuator/health").body())
                    .contains("\"groups\":[\"liveness\",\"readiness\",\"shop\",\"shop-none\",\"shop-web\"]");

            manager.fleets().stopReplica("shop/web-1");
            manager.fleets().stopReplica("shop/web-2");
            assertThat(manager.get("/actuator/health/shop-web").statusCode()).isEqualTo(503);
        }
    }

    /** As in Spring, details that an operator hides at the root are also hidden in the groups of fleets. */
    @Test
    void healthDetailsCanBeLimitedToAuthorisedUsers() throws Exception {
        String fleet = """
                name: shop
                services: {web: {command: [/bin/sleep, "1000"]}}
                health: {traffic: [web]}
                """;
        List<String> hidden = List.of(
                "--management.endpoint.health.show-details=when-authorized",
                "--management.endpoint.health.show-components=when-authorized");
        try (TestManager manager = TestManager.start(fleet, hidden)) {
            manager.await("shop/web-1", ReplicaStatus.RUNNING);

            for (String group : List.of("shop", "shop-web", "readiness")) {
                assertThat(manager.get("/actuator/health/" + group).body()).isEqualTo("{\"status\":\"UP\"}");
            }
            assertThat(manager.get("/actuator/health").body())
                    .doesNotContain("web-1")
                    .doesNotContain("components");
            for (String below : List.of("shop/web", "shop-web/web-1", "fleets/shop/web/web-1")) {
                assertThat(manager.get("/actuator/health/" + below).statusCode())
                        .as(below)
                        .isEqualTo(404);
            }
        }
    }

    @Test
    void theManagerIsNotReadyWithoutItsCriticalServices() throws Exception {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    command: [/bin/sleep, "1000"]
                    readiness: {exec: [test, -e, /tmp/ready], period: 50ms, failures: 1}
                health: {critical: [web]}
                """)) {
            manager.await("shop/web-1", ReplicaStatus.NOT_READY);
            for (String path : List.of("/actuator/health/readiness", "/readyz")) {
                assertThat(manager.get(path).statusCode()).as(path).isEqualTo(503);
            }
            assertThat(manager.get("/livez").statusCode()).isEqualTo(200);

            manager.containerOf("shop/web-1").shim().capture(List.of("touch", "/tmp/ready"), Duration.ofSeconds(5));
            manager.await("shop/web-1", ReplicaStatus.READY);
            for (String path : List.of("/actuator/health/readiness", "/readyz")) {
                assertThat(manager.get(path).statusCode()).as(path).isEqualTo(200);
            }
        }
    }

    @Test
    void eachReplicaHasItsOwnContainerAndHealth() {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web: {command: [/bin/sleep, "1000"], replicas: 3}
                """)) {
            for (int i = 1; i <= 3; i++) {
                manager.await("shop/web-" + i, ReplicaStatus.RUNNING);
            }

            assertThat(manager.fleets().replicas().stream()
                            .map(ReplicaView::containerId)
                            .distinct())
                    .hasSize(3);
            assertThat(manager.get("/actuator/health/shop/web/web-3").body()).contains("\"UP\"");
            assertThat(manager.get("/actuator/health/shop/web").statusCode()).isEqualTo(200);
            for (String nowhere :
                    List.of("shop/nosuch", "shop/web/web-4", "shop/web/web-3/x", "nosuch/x", "ping/x", "fleets/a/b")) {
                assertThat(manager.get("/actuator/health/" + nowhere).statusCode())
                        .as(nowhere)
                        .isEqualTo(404);
            }
            assertThat(manager.get("/actuator/health/fleets/shop/web/web-3").body())
                    .contains("\"UP\"");
        }
    }
}
