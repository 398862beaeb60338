package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.Requires;
import dev.nucleus.support.RunsConcurrently;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A crash loop is reported everywhere until the replica has run long enough. */
@Tag("isolation")
@RunsConcurrently
class CrashLoopSupervisionTest {

    /** Services with the volume exit five times, then keep running. */
    private static final String FLEET = """
            name: shop
            volumes: {data: {path: %s}}
            x-loop: &loop
              command: [/bin/bash, -c, 'echo "run" >>/data/$HOSTNAME; n=$(wc -l </data/$HOSTNAME); echo "run $n of it"; test $n -gt 5 || exit 3; exec sleep 1000']
              volumes: ["data:/data"]
              restart: {policy: always, backoff: {from: 20ms, factor: 1, to: 20ms, reset-after: 1h}}
            services:
              plain: {<<: *loop}
              probed: {<<: *loop, readiness: {exec: ["true"], period: 50ms}}
              recovers:
                <<: *loop
                restart: {policy: always, backoff: {from: 20ms, factor: 1, to: 20ms, reset-after: 5s}}
              forever:
                command: [/bin/sh, -c, 'sleep 0.05; exit 3']
                restart: {policy: always, backoff: {from: 20ms, factor: 1, to: 20ms}}
              steady: {command: [/bin/sleep, "1000"]}
              after-start: {command: [/bin/sleep, "1000"], depends-on: {plain: started}}
              after-health: {command: [/bin/sleep, "1000"], depends-on: {probed: healthy}}
              never: {command: [/bin/sleep, "1000"], readiness: {exec: ["false"], period: 50ms}}
              waits: {command: [/bin/sleep, "1000"], depends-on: {never: healthy}}
              broken: {command: [/nosuch/program], restart: never}
            """;

    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    private Path data;

    @BeforeAll
    static void root() {
        Requires.root();
    }

    private static String client(TestManager manager, String... arguments) {
        var command = new ArrayList<>(List.of(
                ManagerProcess.CLIENT.toString(), "--socket", manager.socket().toString()));
        command.addAll(List.of(arguments));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void awaitRunningInLoop(TestManager manager, String replica) {
        Awaitility.await(replica + " runs in its crash loop").atMost(LONG).until(() -> {
            ReplicaView view = manager.replica(replica);
            return view.status() == ReplicaStatus.CRASH_LOOP
                    && view.cause().startsWith("ended 5 times in a row, last: exit code 3; ");
        });
    }

    private static double metric(TestManager manager, String name, String service) {
        return manager.get("/actuator/prometheus")
                .body()
                .lines()
                .filter(line -> line.startsWith(name + "{") && line.contains("service=\"" + service + "\""))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aCrashLoopIsRememberedWhileTheReplicaRuns() throws Exception {
        Files.setAttribute(data, "unix:mode", 0777);
        try (TestManager manager = TestManager.start(FLEET.formatted(data))) {
            awaitRunningInLoop(manager, "shop/plain-1");
            awaitRunningInLoop(manager, "shop/probed-1");
            Awaitility.await()
                    .atMost(LONG)
                    .until(() -> manager.replica("shop/probed-1").serving());

            ReplicaView plain = manager.replica("shop/plain-1");
            assertThat(plain.serving()).isFalse();
            assertThat(plain.restarts()).isEqualTo(5);
            assertThat(manager.get("/actuator/health/shop/plain").statusCode()).isEqualTo(503);
            assertThat(manager.get("/actuator/health/shop/plain").body()).contains("\"status\":\"crash loop\"");
            assertThat(manager.get("/actuator/health/shop/probed").statusCode())
                    .as("the replica takes traffic")
                    .isEqualTo(200);
            assertThat(manager.get("/actuator/health/shop/probed").body())
                    .contains("\"status\":\"crash loop\"", "\"serving\":true");
            assertThat(manager.get("/actuator/health/shop/steady").body()).contains("\"checked\":false");

            assertThat(metric(manager, "nucleus_container_crash_loop", "plain")).isEqualTo(1);
            assertThat(metric(manager, "nucleus_container_serving", "plain")).isZero();
            assertThat(metric(manager, "nucleus_container_restarts_total", "plain"))
                    .isEqualTo(5);
            assertThat(metric(manager, "nucleus_container_crash_loop", "probed"))
                    .isEqualTo(1);
            assertThat(metric(manager, "nucleus_container_ready", "probed")).isZero();
            assertThat(metric(manager, "nucleus_container_serving", "probed")).isEqualTo(1);

            manager.await("shop/after-start-1", ReplicaStatus.RUNNING);
            manager.await("shop/after-health-1", ReplicaStatus.RUNNING);
            manager.await("shop/never-1", ReplicaStatus.NOT_READY);
            manager.await("shop/broken-1", ReplicaStatus.FAILED);
            manager.await("shop/recovers-1", ReplicaStatus.RUNNING);
            manager.await("shop/forever-1", ReplicaStatus.CRASH_LOOP);
            assertThat(manager.get("/").body())
                    .contains("0 of 2 ready, 4 of 8 running, 3 in crash loop", "data-status=\"serving\"");
            String ps = client(manager, "ps", "-a");
            assertThat(ps)
                    .containsPattern("shop/plain-1 +running +crash loop +5 ")
                    .containsPattern("shop/probed-1 +running +crash loop, serving +5 ")
                    .containsPattern("shop/steady-1 +running +running +0 ")
                    .containsPattern("- +shop/waits-1 +- +waiting +0 .*waiting for never")
                    .containsPattern("- +shop/broken-1 +- +failed +0 .*launch failed at exec");
            assertThat(client(manager, "ps")).doesNotContain("waits-1").doesNotContain("broken-1");

            assertThat(client(manager, "logs", "shop/plain-1").lines())
                    .satisfiesExactly(
                            head -> assertThat(head)
                                    .startsWith("----- last line of the previous run; it ended at ")
                                    .endsWith(": exit code 3 -----"),
                            last -> assertThat(last).isEqualTo("run 5 of it"),
                            foot -> assertThat(foot).isEqualTo("----- this run -----"),
                            own -> assertThat(own).isEqualTo("run 6 of it"));
            assertThat(manager.get("/fleets/shop/plain-1").body())
                    .containsSubsequence("last line of the previous run", "run 5 of it", "this run", "run 6 of it");
        }
    }

    @Test
    void aCrashLoopIsNeitherReadyNorRunningBetweenCrashes() throws Exception {
        Files.setAttribute(data, "unix:mode", 0777);
        String fleet = FLEET.formatted(data);
        try (TestManager manager = TestManager.start(fleet)) {
            manager.await("shop/forever-1", ReplicaStatus.CRASH_LOOP);
            var seen = ConcurrentHashMap.<ReplicaStatus>newKeySet();
            int restarts = manager.replica("shop/forever-1").restarts();
            Awaitility.await().atMost(LONG).pollInterval(Duration.ofMillis(1)).until(() -> {
                seen.add(manager.replica("shop/forever-1").status());
                return manager.replica("shop/forever-1").restarts() >= restarts + 8;
            });
            assertThat(seen).containsExactly(ReplicaStatus.CRASH_LOOP);
            assertThat(manager.replica("shop/forever-1").history().stream()
                            .map(Transition::to)
                            .filter(ReplicaStatus.CRASH_LOOP::equals))
                    .as("each exit is in the history")
                    .hasSizeGreaterThanOrEqualTo(8);

            manager.await("shop/recovers-1", ReplicaStatus.RUNNING);
            List<Transition> history = manager.replica("shop/recovers-1").history();
            Transition loop = history.get(history.size() - 2);
            assertThat(loop.to()).as("the status before").isEqualTo(ReplicaStatus.CRASH_LOOP);
            assertThat(Duration.between(loop.at(), history.getLast().at())).isGreaterThan(Duration.ofSeconds(5));
        }
    }
}
