package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.health.ProbeAnswer;
import dev.nucleus.health.ProbeAnswer.Role;
import dev.nucleus.health.ReplicaStatus;
import dev.nucleus.spec.FleetReader;
import dev.nucleus.spec.ServiceSpec;
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
        return new ProbeVerdicts(Objects.requireNonNull(service));
    }

    private static void say(ProbeVerdicts verdicts, Role role, boolean success) {
        verdicts.add(
                new ProbeAnswer(role, "exec", Instant.EPOCH, success, "code", Duration.ZERO, Duration.ZERO), success);
    }

    private static void is(ProbeVerdicts verdicts, ReplicaStatus status, boolean serving) {
        assertThat(verdicts.standing().status()).isEqualTo(status);
        assertThat(verdicts.standing().serving()).isEqualTo(serving);
    }

    @Test
    void whatNothingChecksRunsAndServesButIsNeverReady() {
        is(with(""), ReplicaStatus.RUNNING, true);
        assertThat(with("").standing().cause().words()).isEqualTo("runs; no probe has checked it");
    }

    @Test
    void withALivenessProbeAloneItIsReadyOnceThatHasSucceeded() {
        ProbeVerdicts verdicts = with(", liveness: {tcp: 80}");
        is(verdicts, ReplicaStatus.RUNNING, true);

        say(verdicts, Role.LIVENESS, true);
        is(verdicts, ReplicaStatus.READY, true);
        say(verdicts, Role.LIVENESS, false);
        is(verdicts, ReplicaStatus.UNHEALTHY, false);
        say(verdicts, Role.LIVENESS, true);
        is(verdicts, ReplicaStatus.READY, true);
    }

    @Test
    void withAStartupProbeAloneItIsReadyOnceItHasStartedUp() {
        ProbeVerdicts verdicts = with(", startup: {tcp: 80}");
        is(verdicts, ReplicaStatus.STARTING, false);

        say(verdicts, Role.STARTUP, true);
        is(verdicts, ReplicaStatus.READY, true);
        assertThat(verdicts.standing().cause().words()).isEqualTo("startup: code");
    }

    @Test
    void itsReadinessDecidesWhateverElseSucceeds() {
        ProbeVerdicts verdicts = with(", readiness: {tcp: 80}, liveness: {tcp: 81}");
        say(verdicts, Role.LIVENESS, true);
        is(verdicts, ReplicaStatus.STARTING, false);

        say(verdicts, Role.READINESS, false);
        is(verdicts, ReplicaStatus.NOT_READY, false);
        say(verdicts, Role.READINESS, true);
        say(verdicts, Role.LIVENESS, true);
        is(verdicts, ReplicaStatus.READY, true);
        assertThat(verdicts.standing().cause().words()).isEqualTo("readiness: code");
    }
}
