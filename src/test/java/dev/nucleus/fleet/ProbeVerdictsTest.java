package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.probe.ProbeResult;
import dev.nucleus.probe.ProbeResult.Role;
import dev.nucleus.spec.ServiceSpec;
import dev.nucleus.spec.fleetfile.FleetReader;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class ProbeVerdictsTest {

    private static ProbeVerdicts with(String probes) {
        ServiceSpec service = FleetReader.readText(
                        Path.of("/shop.yaml"),
                        "name: shop\nservices: {web: {command: [/w]" + probes + "}}\n",
                        FleetReader.Checks.NONE)
                .services()
                .get("web");
        return ProbeVerdicts.none(Objects.requireNonNull(service));
    }

    private static ProbeVerdicts say(ProbeVerdicts verdicts, Role role, boolean success) {
        return verdicts.with(
                new ProbeResult(role, "exec", Instant.EPOCH, success, "code", Duration.ZERO, Duration.ZERO), success);
    }

    private static void is(ProbeVerdicts verdicts, ReplicaStatus status, boolean serving) {
        assertThat(verdicts.status().status()).isEqualTo(status);
        assertThat(verdicts.status().serving()).isEqualTo(serving);
    }

    @Test
    void whatNothingChecksRunsAndServesButIsNeverReady() {
        is(with(""), ReplicaStatus.RUNNING, true);
        assertThat(with("").status().cause().words()).isEqualTo("runs; no probe has checked it");
    }

    @Test
    void withALivenessProbeAloneItIsReadyOnceThatHasSucceeded() {
        ProbeVerdicts verdicts = with(", liveness: {tcp: 80}");
        is(verdicts, ReplicaStatus.RUNNING, true);

        verdicts = say(verdicts, Role.LIVENESS, true);
        is(verdicts, ReplicaStatus.READY, true);
        verdicts = say(verdicts, Role.LIVENESS, false);
        is(verdicts, ReplicaStatus.UNHEALTHY, false);
        verdicts = say(verdicts, Role.LIVENESS, true);
        is(verdicts, ReplicaStatus.READY, true);
    }

    @Test
    void withAStartupProbeAloneItIsReadyOnceItHasStartedUp() {
        ProbeVerdicts verdicts = with(", startup: {tcp: 80}");
        is(verdicts, ReplicaStatus.STARTING, false);

        verdicts = say(verdicts, Role.STARTUP, true);
        is(verdicts, ReplicaStatus.READY, true);
        assertThat(verdicts.status().cause().words()).isEqualTo("startup: code");
    }

    @Test
    void itsReadinessDecidesWhateverElseSucceeds() {
        ProbeVerdicts verdicts = with(", readiness: {tcp: 80}, liveness: {tcp: 81}");
        verdicts = say(verdicts, Role.LIVENESS, true);
        is(verdicts, ReplicaStatus.STARTING, false);

        verdicts = say(verdicts, Role.READINESS, false);
        is(verdicts, ReplicaStatus.NOT_READY, false);
        verdicts = say(verdicts, Role.READINESS, true);
        verdicts = say(verdicts, Role.LIVENESS, true);
        is(verdicts, ReplicaStatus.READY, true);
        assertThat(verdicts.status().cause().words()).isEqualTo("readiness: code");
    }
}
