package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.container.Container;
import dev.nucleus.log.ContainerLog;
import dev.nucleus.probe.ProbeResult;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.support.Requires;
import dev.nucleus.support.RunsConcurrently;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How probe results change the state of real containers. */
@Tag("isolation")
@RunsConcurrently
class ProbeDecisionsTest {

    private static final Duration AMPLE = Duration.ofSeconds(5);

    @BeforeAll
    static void root() {
        Requires.root();
    }

    private static List<String> log(TestManager manager, String replica) throws IOException {
        return manager.containerOf(replica).log().tail(1000).lines().stream()
                .map(ContainerLog.Line::text)
                .toList();
    }

    private static void run(TestManager manager, String... command) throws IOException {
        assertThat(manager.containerOf("shop/web-1")
                        .shim()
                        .capture(List.of(command), AMPLE)
                        .status()
                        .code())
                .isZero();
    }

    @Test
    void onlyTheStartupProbeRunsUntilItSucceeds() throws Exception {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    command: [/bin/sleep, "1000"]
                    startup: {exec: [test, -e, /tmp/up], period: 20ms, failures: 10000}
                    readiness: {exec: ["true"], period: 20ms}
                    liveness: {exec: [test, -e, /tmp/up], period: 20ms, failures: 1}
                """)) {
            Awaitility.await()
                    .until(() -> manager.replica("shop/web-1").probeResults().size() > 10);
            assertThat(manager.replica("shop/web-1").probeResults())
                    .extracting(ProbeResult::role)
                    .containsOnly(ProbeResult.Role.STARTUP);
            assertThat(manager.replica("shop/web-1").cause()).isEqualTo("waiting for its startup probe");
            assertThat(manager.get("/actuator/health/shop").statusCode()).isEqualTo(503);

            run(manager, "touch", "/tmp/up");
            manager.await("shop/web-1", ReplicaStatus.READY);
            Awaitility.await()
                    .until(() -> manager.replica("shop/web-1").probeResults().stream()
                            .filter(answer -> answer.role() == ProbeResult.Role.LIVENESS)
                            .anyMatch(ProbeResult::success));
            assertThat(manager.replica("shop/web-1").restarts()).isZero();
        }
    }

    @Test
    void aReplicaThatDoesNotStartInTimeIsRestarted() {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    command: [/bin/sleep, "1000"]
                    startup: {tcp: 9, period: 20ms, failures: 3}
                    restart: {policy: always, backoff: {from: 10ms}}
                """)) {
            Awaitility.await().until(() -> manager.replica("shop/web-1").restarts() >= 2);
            assertThat(manager.replica("shop/web-1").history())
                    .anyMatch(t -> t.to() == ReplicaStatus.UNHEALTHY
                            && t.cause().startsWith("startup: ")
                            && t.cause().contains("ECONNREFUSED"));
        }
    }

    @Test
    void aLivenessProbeCanStopAReplicaPermanently() {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    command: [/bin/sleep, "1000"]
                    liveness: {tcp: 9, period: 20ms, failures: 2, then: stop}
                """)) {
            manager.await("shop/web-1", ReplicaStatus.FAILED);

            assertThat(manager.replica("shop/web-1").cause())
                    .contains("ECONNREFUSED")
                    .endsWith("then: stop");
            assertThat(manager.containerOf("shop/web-1").isRunning()).isFalse();
            assertThat(manager.replica("shop/web-1").restarts()).isZero();
        }
    }

    @Test
    void aLivenessProbeCanOnlyReport() throws Exception {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    command: [/bin/sh, -c, "touch /tmp/alive; exec sleep 1000"]
                    startup: {exec: [test, -e, /tmp/alive], period: 20ms, failures: 1000}
                    readiness: {exec: ["true"], period: 20ms}
                    liveness: {exec: [test, -e, /tmp/alive], period: 20ms, failures: 2, then: nothing}
                """)) {
            manager.await("shop/web-1", ReplicaStatus.READY);
            Container container = manager.containerOf("shop/web-1");

            run(manager, "rm", "/tmp/alive");
            manager.await("shop/web-1", ReplicaStatus.UNHEALTHY);
            assertThat(manager.replica("shop/web-1").cause()).isEqualTo("liveness: exit code 1");
            assertThat(manager.get("/actuator/health/shop").statusCode()).isEqualTo(503);

            run(manager, "touch", "/tmp/alive");
            manager.await("shop/web-1", ReplicaStatus.READY);
            assertThat(manager.containerOf("shop/web-1")).isEqualTo(container);
        }
    }

    @Test
    void aLivenessProbeCanSendASignalOncePerTransition() throws Exception {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    command: [/bin/sh, -c, "trap 'echo heard' HUP; touch /tmp/alive; while true; do sleep 0.02; done"]
                    startup: {exec: [test, -e, /tmp/alive], period: 20ms, failures: 1000}
                    liveness: {exec: [test, -e, /tmp/alive], period: 20ms, failures: 2, then: {signal: HUP}}
                """)) {
            manager.await("shop/web-1", ReplicaStatus.READY);
            for (int turn = 1; turn <= 2; turn++) {
                run(manager, "rm", "/tmp/alive");
                manager.await("shop/web-1", ReplicaStatus.UNHEALTHY);
                int heard = turn;
                Awaitility.await().until(() -> log(manager, "shop/web-1").size() == heard);

                run(manager, "touch", "/tmp/alive");
                manager.await("shop/web-1", ReplicaStatus.READY);
            }
            assertThat(log(manager, "shop/web-1")).containsExactly("heard", "heard");
            assertThat(manager.replica("shop/web-1").restarts()).isZero();
        }
    }

    @Test
    void aReplicaThatExitsRepeatedlyIsInACrashLoop() {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    command: [/bin/false]
                    restart: {policy: always, backoff: {from: 5ms, factor: 2, to: 1m}}
                """)) {
            manager.await("shop/web-1", ReplicaStatus.CRASH_LOOP);

            List<ReplicaStatus> ends = manager.replica("shop/web-1").history().stream()
                    .map(Transition::to)
                    .filter(to -> to == ReplicaStatus.CRASHED || to == ReplicaStatus.CRASH_LOOP)
                    .toList();
            assertThat(ends.subList(0, 4)).containsOnly(ReplicaStatus.CRASHED);
            assertThat(ends.get(4)).isEqualTo(ReplicaStatus.CRASH_LOOP);
        }
    }

    @Test
    void theBeforeStopCommandRunsBeforeTheSignal() throws Exception {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    command: [/bin/sh, -c, "trap 'cat /tmp/drained; exit 3' TERM; echo up; while true; do sleep 0.02; done"]
                    stop: {grace: 20s, before: [/bin/sh, -c, "sleep 0.1; echo drained >/tmp/drained"]}
                """)) {
            manager.await("shop/web-1", ReplicaStatus.RUNNING);
            Awaitility.await().until(() -> !log(manager, "shop/web-1").isEmpty());

            manager.fleets().stopReplica("shop/web-1");

            assertThat(log(manager, "shop/web-1")).containsExactly("up", "drained");
        }
    }

    @Test
    void anOperatorCanOverrideTheStopSignalOfAService() throws Exception {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    command: [/bin/sh, -c, "trap 'echo USR1; exit 0' USR1; trap 'echo TERM' TERM; echo up; while true; do sleep 0.02; done"]
                    stop: {signal: TERM, grace: 1h}
                """)) {
            manager.await("shop/web-1", ReplicaStatus.RUNNING);
            Awaitility.await().until(() -> !log(manager, "shop/web-1").isEmpty());

            manager.fleets().stopReplica("shop/web-1", usual -> new StopSpec(new Signal(10), usual.grace()));

            assertThat(log(manager, "shop/web-1")).containsExactly("up", "USR1");
        }
    }

    /** The command takes the whole grace period, and the workload still gets time to handle its signal. */
    @Test
    void aHangingBeforeStopCommandDoesNotPreventTheStop() throws Exception {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    command: [/bin/sh, -c, "trap 'echo ended; exit 3' TERM; echo up; while true; do sleep 0.02; done"]
                    stop: {grace: 300ms, before: [/bin/sleep, "1000"]}
                """)) {
            manager.await("shop/web-1", ReplicaStatus.RUNNING);
            Awaitility.await().until(() -> !log(manager, "shop/web-1").isEmpty());

            manager.fleets().stopReplica("shop/web-1");

            assertThat(log(manager, "shop/web-1")).containsExactly("up", "ended");
        }
    }

    @Test
    void aProbeReportsThatItsCommandIsMissing() {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    command: [/bin/sleep, "1000"]
                    readiness: {exec: [nosuchprobe, --deep], period: 20ms, failures: 1}
                """)) {
            manager.await("shop/web-1", ReplicaStatus.NOT_READY);

            assertThat(manager.replica("shop/web-1").cause())
                    .contains("nosuchprobe")
                    .contains("ENOENT");
        }
    }

    /** Output beyond the beginning is kept neither in the manager nor in the shim. */
    @Test
    void aHundredMegabytesOfProbeOutputAreReadButNotKept() throws Exception {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    command: [/bin/sleep, "1000"]
                    readiness:
                      exec: [/bin/sh, -c, "head -c 104857600 /dev/zero | tr '\\\\0' x; echo end >&2; exit 3"]
                      period: 20ms
                      timeout: 30s
                      failures: 1
                """)) {
            manager.await("shop/web-1", ReplicaStatus.NOT_READY);

            ProbeResult answer = manager.replica("shop/web-1").probeResults().getLast();
            assertThat(answer.detail()).startsWith("exit code 3: xxx").hasSizeLessThan(1_000);
            assertThat(peakResidentKib(shimOf(manager.pidOf("shop/web-1"))))
                    .as("peak memory of the shim in KiB")
                    .isLessThan(8_192);
        }
    }

    private static Path shimOf(int pid) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        return Path.of("/proc/" + stat.substring(stat.lastIndexOf(')') + 2).split(" ")[1]);
    }

    private static int peakResidentKib(Path process) throws IOException {
        return Files.readAllLines(process.resolve("status")).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToInt(line -> Integer.parseInt(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }

    /** A paused container can't answer, which says nothing about its health: once resumed, it is as it was. */
    @Test
    void aPausedReplicaIsNeitherProbedNorRestarted() throws Exception {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    command: [/bin/sleep, "1000"]
                    liveness: {exec: ["true"], period: 20ms, timeout: 200ms, failures: 1}
                  other:
                    command: [/bin/sleep, "1000"]
                    liveness: {exec: ["true"], period: 20ms}
                """)) {
            var answers = new ConcurrentHashMap<String, Integer>();
            manager.listen(ProbeCompleted.class, event -> answers.merge(event.service(), 1, Integer::sum));
            Awaitility.await().until(() -> answers.containsKey("web"));
            Container container = manager.containerOf("shop/web-1");
            manager.containers().pause(container, true);
            int asked = answers.getOrDefault("web", 0);
            int others = answers.getOrDefault("other", 0);
            Awaitility.await().until(() -> answers.getOrDefault("other", 0) > others + 30);

            assertThat(answers.getOrDefault("web", 0))
                    .as("including one probe that was under way")
                    .isLessThanOrEqualTo(asked + 1);
            assertThat(manager.replica("shop/web-1").status()).isEqualTo(ReplicaStatus.NOT_READY);

            manager.containers().pause(container, false);
            assertThat(manager.replica("shop/web-1").status()).isEqualTo(ReplicaStatus.READY);
            Awaitility.await().until(() -> answers.getOrDefault("web", 0) > asked + 5);
            assertThat(manager.containerOf("shop/web-1")).isEqualTo(container);
            assertThat(manager.replica("shop/web-1").restarts()).isZero();
        }
    }

    /** The C library's resolver would wait for ten seconds; the other service's probes are not delayed. */
    @Test
    void aProbeThatWaitsForASilentNameServerTimesOut(@TempDir Path scratch) throws Exception {
        Path resolver = Files.writeString(scratch.resolve("resolv.conf"), "nameserver 127.0.0.77\n");
        try (DatagramChannel silent = DatagramChannel.open().bind(new InetSocketAddress("127.0.0.77", 53));
                TestManager manager = TestManager.start("""
                        name: shop
                        volumes: {resolver: {path: %s}}
                        services:
                          web:
                            command: [/bin/sleep, "1000"]
                            network: host
                            allow-degraded: true
                            volumes: ["resolver:/etc/resolv.conf:ro"]
                            readiness: {exec: [getent, hosts, nowhere.test], period: 50ms, timeout: 300ms, failures: 1}
                          other:
                            command: [/bin/sleep, "1000"]
                            readiness: {exec: ["true"], period: 50ms}
                        """.formatted(resolver))) {
            var late = new CopyOnWriteArrayList<Duration>();
            manager.listen(ProbeCompleted.class, event -> {
                if (event.service().equals("other")) {
                    late.add(event.result().late());
                }
            });
            manager.await("shop/web-1", ReplicaStatus.NOT_READY);
            assertThat(manager.replica("shop/web-1").cause()).contains("no answer within 300 ms");
            assertThat(silent.receive(ByteBuffer.allocate(512)))
                    .as("the query at the name server")
                    .isNotNull();

            manager.await("shop/other-1", ReplicaStatus.READY);
            late.clear();
            Awaitility.await().until(() -> late.size() > 20);
            assertThat(late).allMatch(by -> by.toMillis() < 200);
        }
    }

    /** A real server, built with gRPC's own library. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''         | SERVING                          | READY",
                "shop.Cart  | NOT_SERVING                      | NOT_READY",
                "shop.None  | the server knows no such service | NOT_READY",
                "shop.Fails | gRPC status 13: broken           | NOT_READY",
                "shop.Slow  | no answer within 500 ms          | NOT_READY"
            })
    void aGrpcProbeCallsTheStandardHealthService(String service, String detail, ReplicaStatus status) {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    seccomp: python-agent
                    command:
                      - /usr/bin/python3
                      - -c
                      - |
                        import grpc, time
                        from concurrent import futures
                        def check(request, context):
                            name = request[2:].decode()
                            if name == "shop.None": context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
                            if name == "shop.Fails": context.abort(grpc.StatusCode.INTERNAL, "broken")
                            if name == "shop.Slow": time.sleep(60)
                            return b"\\x08\\x02" if name else b"\\x08\\x01"
                        handler = grpc.method_handlers_generic_handler(
                            "grpc.health.v1.Health", {"Check": grpc.unary_unary_rpc_method_handler(check)})
                        server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
                        server.add_generic_rpc_handlers((handler,))
                        server.add_insecure_port("127.0.0.1:9090")
                        server.start()
                        server.wait_for_termination()
                    readiness: {grpc: {port: 9090, service: "%s"}, period: 100ms, timeout: 500ms, failures: 1}
                """.formatted(service))) {
            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> manager.replica("shop/web-1").probeResults().stream()
                            .anyMatch(answer -> answer.detail().equals(detail)));
            manager.await("shop/web-1", status);
        }
    }

    @ParameterizedTest
    @CsvSource({"chunked, READY", "plain, READY", "other, NOT_READY", "endless, NOT_READY"})
    void anHttpProbeSendsItsHeadersAndReadsTheBody(String kind, ReplicaStatus status) {
        String answer = switch (kind) {
            case "chunked" ->
                "Transfer-Encoding: chunked\\\\r\\\\n\\\\r\\\\n5\\\\r\\\\nall w\\\\r\\\\n3\\\\r\\\\nell\\\\r\\\\n0\\\\r\\\\n\\\\r\\\\n";
            case "plain" -> "Content-Length: 8\\\\r\\\\n\\\\r\\\\nall well";
            case "endless" -> "\\\\r\\\\n";
            default -> "Content-Length: 4\\\\r\\\\n\\\\r\\\\nsick";
        };
        String more = kind.equals("endless") ? "while (print $c 'x' x 4096) {}" : "";
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    seccomp: network-server
                    command:
                      - /usr/bin/perl
                      - -e
                      - "use IO::Socket::INET; $SIG{PIPE} = 'IGNORE'; my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 8000, Listen => 9) or die; while (my $c = $s->accept) { my $h = ''; while (my $l = <$c>) { last if $l =~ /^\\\\r/; $h .= $l; } my $code = $h =~ /X-Probe: 1/ && $h =~ /^Host: shop.test/m ? 200 : 400; print $c qq(HTTP/1.1 $code X\\\\r\\\\n%s); %s close $c }"
                    readiness:
                      http: {port: 8000, path: /health, headers: {X-Probe: "1", Host: shop.test}, body: all well}
                      period: 50ms
                      timeout: 2s
                      failures: 2
                """.formatted(answer, more))) {
            Awaitility.await()
                    .until(() -> manager.replica("shop/web-1").probeResults().stream()
                            .anyMatch(a -> a.detail().startsWith("status 200")));
            manager.await("shop/web-1", status);
        }
    }
}
