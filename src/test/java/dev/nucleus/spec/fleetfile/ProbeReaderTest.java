package dev.nucleus.spec.fleetfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.spec.FleetSpec;
import dev.nucleus.spec.LivenessSpec;
import dev.nucleus.spec.Port;
import dev.nucleus.spec.Probe;
import dev.nucleus.spec.ProbeSpec;
import dev.nucleus.spec.ServiceNotify;
import dev.nucleus.spec.ServiceSpec;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProbeReaderTest {

    private static ServiceSpec service(String fields) {
        FleetSpec fleet = FleetReader.readText(
                Path.of("/fleets/shop.yaml"),
                "name: shop\nservices:\n  web:\n    command: [/bin/web]\n" + fields.indent(4),
                FleetReader.Checks.NONE);
        return Objects.requireNonNull(fleet.services().get("web"));
    }

    private static Probe.Http http(String path, int from, int to) {
        return new Probe.Http(new Port(8080), path, new Probe.Http.Statuses(from, to), Map.of(), Optional.empty());
    }

    @Test
    void oneLineIsEnoughForASpringBootApplication() {
        ServiceSpec service = service("""
                startup: {actuator: 8080, period: 100ms, failures: 300}
                readiness: {actuator: 8080}
                liveness: {actuator: {port: 8080, base: /manage}}
                """);

        assertThat(service.startup().orElseThrow().probe()).isEqualTo(http("/actuator/health/liveness", 200, 299));
        assertThat(service.readiness().orElseThrow().probe()).isEqualTo(http("/actuator/health/readiness", 200, 299));
        assertThat(service.liveness().orElseThrow().probe().probe())
                .isEqualTo(http("/manage/health/liveness", 200, 299));
    }

    @Test
    void kubernetesSpellingsMeanTheSame() {
        ServiceSpec kubernetes = service("""
                startup: {exec: {command: [cat, /tmp/up]}, failureThreshold: 30, periodSeconds: 2}
                readiness:
                  httpGet: {port: 8080, path: /ready, httpHeaders: [{name: X-Probe, value: "1"}]}
                  initialDelaySeconds: 3
                  timeoutSeconds: 4
                  successThreshold: 2
                liveness: {tcpSocket: {port: 8080}}
                """);

        assertThat(kubernetes).isEqualTo(service("""
                startup: {exec: [cat, /tmp/up], failures: 30, period: 2s}
                readiness:
                  http: {port: 8080, path: /ready, headers: {X-Probe: "1"}}
                  initial-delay: 3s
                  timeout: 4s
                  successes: 2
                liveness: {tcp: 8080}
                """));
        assertThat(kubernetes.readiness().orElseThrow().probe())
                .isEqualTo(new Probe.Http(
                        new Port(8080),
                        "/ready",
                        Probe.Http.Statuses.DEFAULT,
                        Map.of("X-Probe", "1"),
                        Optional.empty()));
    }

    @Test
    void aGrpcProbeChecksTheServerOrAService() {
        ServiceSpec service = service("""
                readiness: {grpc: {port: 9090, service: shop.Cart}}
                liveness: {grpc: 9090}
                """);

        assertThat(service.readiness().orElseThrow().probe()).isEqualTo(new Probe.Grpc(new Port(9090), "shop.Cart"));
        assertThat(service.liveness().orElseThrow().probe().probe()).isEqualTo(new Probe.Grpc(new Port(9090), ""));
    }

    @Test
    void aNotifyProbeGivesTheContainerANotifySocket() {
        ServiceSpec service = service("""
                startup: {notify: true, failures: 90}
                readiness: {notify: true}
                liveness: {notify: 10s}
                """);

        assertThat(service.readiness().orElseThrow().probe()).isEqualTo(new Probe.Notify(Optional.empty()));
        assertThat(service.readiness().orElseThrow().period()).isEqualTo(Duration.ofSeconds(1));
        assertThat(service.liveness().orElseThrow().probe().probe())
                .isEqualTo(new Probe.Notify(Optional.of(Duration.ofSeconds(10))));
        assertThat(service.liveness().orElseThrow().probe().failures()).isEqualTo(1);
        assertThat(service.container().notification()).contains(new ServiceNotify(Optional.of(Duration.ofSeconds(10))));
        assertThat(service("readiness: {tcp: 80}").container().notification()).isEmpty();
    }

    @Test
    void composesHealthcheckIsReadinessAndLiveness() {
        ServiceSpec service = service("""
                healthcheck:
                  test: [CMD, pg_isready, -q]
                  interval: 2s
                  timeout: 1s
                  retries: 4
                  start_period: 21s
                  start_interval: 5s
                """);

        var check = new ProbeSpec(
                new Probe.Exec(List.of("pg_isready", "-q")),
                Duration.ofSeconds(5),
                Duration.ofSeconds(2),
                Duration.ofSeconds(1),
                Duration.ZERO,
                4,
                1,
                Optional.of(new ProbeSpec.Healthcheck(Duration.ofSeconds(21), Duration.ofSeconds(5))));
        assertThat(service.readiness()).contains(check);
        assertThat(service.liveness()).contains(new LivenessSpec(check, new LivenessSpec.Then.Restart()));
        assertThat(service.startup())
                .as("the start period is part of the check")
                .isEmpty();
    }

    @Test
    void allFormsOfAComposeHealthcheckTestAreRead() {
        Probe shell = new Probe.Exec(List.of("/bin/sh", "-c", "curl -f localhost || exit 1"));

        assertThat(service("healthcheck: {test: [CMD-SHELL, 'curl -f localhost || exit 1']}")
                        .readiness()
                        .orElseThrow()
                        .probe())
                .isEqualTo(shell);
        ServiceSpec line = service("healthcheck: {test: 'curl -f localhost || exit 1'}");
        assertThat(line.readiness().orElseThrow().probe()).isEqualTo(shell);
        assertThat(line.readiness().orElseThrow().period())
                .as("Compose's default")
                .isEqualTo(Duration.ofSeconds(30));
        assertThat(line.startup()).isEmpty();
        assertThat(service("healthcheck: {test: [NONE]}").liveness()).isEmpty();
        assertThat(service("healthcheck: {disable: true}").readiness()).isEmpty();
        assertThat(service("healthcheck: {disable: true, test: x}").readiness()).isEmpty();
    }

    @Test
    void theActionAfterAFailedLivenessProbeCanBeChosen() {
        assertThat(List.of("restart", "stop", "nothing", "{signal: HUP}"))
                .extracting(then -> service("liveness: {tcp: 80, then: " + then + "}")
                        .liveness()
                        .orElseThrow()
                        .then())
                .containsExactly(
                        new LivenessSpec.Then.Restart(),
                        new LivenessSpec.Then.Stop(),
                        new LivenessSpec.Then.Nothing(),
                        new LivenessSpec.Then.Send(Signal.parse("HUP")));
        assertThat(service("liveness: {tcp: 80}").liveness().orElseThrow().then())
                .isEqualTo(new LivenessSpec.Then.Restart());
    }

    @Test
    void jitterAndThePreStopCommandAreRead() {
        ServiceSpec service = service("""
                readiness: {tcp: 80, jitter: 250ms}
                stop: {signal: QUIT, grace: 5s, before: [/bin/drain, --now]}
                """);

        assertThat(service.readiness().orElseThrow().jitter()).isEqualTo(Duration.ofMillis(250));
        assertThat(service.stop())
                .isEqualTo(new StopSpec(Signal.parse("QUIT"), Duration.ofSeconds(5), List.of("/bin/drain", "--now")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "readiness: {}                                       | a probe needs exactly one of exec, tcp, http, grpc, notify, actuator",
                "readiness: {tcp: 1, http: 2}                        | a probe needs exactly one of",
                "readiness: {notify: 10s}                            | expected true or false",
                "readiness: {notify: false}                          | write notify: true",
                "liveness: {notify: 9ms}                             | a watchdog interval is at least 10ms",
                "readiness: {http: x}                                | 'x' is not a port; write a number from 1 to 65535",
                "readiness: {tcp: 1, period: 9ms}                    | a probe's period and timeout are at least 10ms",
                "readiness: {tcp: 1, timeout: 9ms}                   | a probe's period and timeout are at least 10ms",
                "readiness: {tcp: 1, failures: 0}                    | a probe's failures and successes are at least 1",
                "readiness: {tcp: 1, successes: 0}                   | a probe's failures and successes are at least 1",
                "liveness: {notify: true}                            | is not a duration",
                "readiness: {tcp: 1, then: restart}                  | unknown field 'then'",
                "liveness: {tcp: 1, then: explode}                   | write restart, stop, nothing or {signal: HUP}",
                "liveness: {tcp: 1, then: {signal: NO}}              | NO",
                "liveness: {tcp: 1, successes: 2}                    | only a readiness probe can require several",
                "readiness: {tcp: 1, jitter: -1s}                    | is not a duration",
                "readiness: {http: {port: 1, headers: {'a b': c}}}   | is not an HTTP header",
                "readiness: {http: {port: 1, scheme: HTTPS}}         | a probe uses plain HTTP",
                "readiness: {httpGet: {port: 1, host: example.com}}  | the container's own loopback",
                "readiness: {http: {port: 1, status: 200-600}}       | within 100-599",
                "readiness: {http: {port: 1, status: ok}}            | is not a range of HTTP statuses",
                "healthcheck: {interval: 1s}                         | 'test' is missing",
                "healthcheck: {test: [RUN, x]}                       | begins with CMD, CMD-SHELL or NONE",
                "healthcheck: {test: [CMD]}                          | needs a command",
                "{healthcheck: {test: x}, liveness: {tcp: 1}, command: [x]} | write either it, or startup",
                "stop: {before: [x], grace: x}                       | is not a duration",
            })
    void mistakesAreExplained(String fields, String problem) {
        String text = fields.startsWith("{")
                ? "name: shop\nservices:\n  web: " + fields + "\n"
                : "name: shop\nservices:\n  web:\n    command: [/bin/web]\n    " + fields + "\n";

        assertThatThrownBy(() -> FleetReader.readText(Path.of("/f.yaml"), text, FleetReader.Checks.NONE))
                .isInstanceOf(InvalidFleetException.class)
                .hasMessageContaining(problem);
    }

    @Test
    void aHeaderWithALineBreakIsRefused() {
        assertThatThrownBy(() -> service("readiness: {http: {port: 1, headers: {X: \"a\\r\\nY: b\"}}}"))
                .hasMessageContaining("is not an HTTP header");
    }

    @Test
    void aPortAloneIsAnHttpProbeOfTheRoot() {
        assertThat(service("readiness: {http: 8080}").readiness().orElseThrow())
                .isEqualTo(new ProbeSpec(
                        http("/", 200, 399),
                        Duration.ZERO,
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(5),
                        Duration.ZERO,
                        3,
                        1));
        assertThat(service("readiness: {httpGet: {port: 8080, scheme: HTTP}}")
                        .readiness()
                        .orElseThrow()
                        .probe())
                .isEqualTo(http("/", 200, 399));
    }

    @Test
    void theShortestTimesAre10Milliseconds() {
        ServiceSpec service = service("readiness: {tcp: 1, period: 10ms, timeout: 10ms}\nliveness: {notify: 10ms}");

        assertThat(service.readiness().orElseThrow().period()).isEqualTo(Duration.ofMillis(10));
        assertThat(service.container().notification()).contains(new ServiceNotify(Optional.of(Duration.ofMillis(10))));
    }

    @Test
    void anHttpProbeMayExpectATextAndAStatus() {
        assertThat(service("readiness: {http: {port: 80, status: 204, body: ok}}")
                        .readiness()
                        .orElseThrow()
                        .probe())
                .isEqualTo(new Probe.Http(
                        new Port(80), "/", new Probe.Http.Statuses(204, 204), Map.of(), Optional.of("ok")));
    }
}
