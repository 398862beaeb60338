package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.probe.ProbeResult;
import dev.nucleus.probe.ProbeResult.Role;
import dev.nucleus.support.TestService;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ProbeVerdictsTest {

    private static ProbeVerdicts verdicts(String probes) {
        return ProbeVerdicts.none(TestService.of("command: [/w]" + probes));
    }

    private static ProbeVerdicts report(ProbeVerdicts verdicts, Role role, boolean success) {
        return verdicts.with(
                new ProbeResult(role, "exec", Instant.EPOCH, success, "code", Duration.ZERO, Duration.ZERO), success);
    }

    private static void assertStatus(ProbeVerdicts verdicts, ReplicaStatus status, boolean serving) {
        assertThat(verdicts.status().status()).isEqualTo(status);
        assertThat(verdicts.status().serving()).isEqualTo(serving);
    }

    @Test
    void aReplicaWithoutProbesRunsAndServesButIsNeverReady() {
        assertStatus(verdicts(""), ReplicaStatus.RUNNING, true);
        assertThat(verdicts("").status().cause().words()).isEqualTo("running; not checked by a probe");
    }

    @Test
    void withOnlyALivenessProbeAReplicaIsReadyOnceItSucceeds() {
        ProbeVerdicts verdicts = verdicts(", liveness: {tcp: 80}");
        assertStatus(verdicts, ReplicaStatus.RUNNING, true);

        verdicts = report(verdicts, Role.LIVENESS, true);
        assertStatus(verdicts, ReplicaStatus.READY, true);
        verdicts = report(verdicts, Role.LIVENESS, false);
        assertStatus(verdicts, ReplicaStatus.UNHEALTHY, false);
        verdicts = report(verdicts, Role.LIVENESS, true);
        assertStatus(verdicts, ReplicaStatus.READY, true);
    }

    @Test
    void withOnlyAStartupProbeAReplicaIsReadyOnceItSucceeds() {
        ProbeVerdicts verdicts = verdicts(", startup: {tcp: 80}");
        assertStatus(verdicts, ReplicaStatus.STARTING, false);

        verdicts = report(verdicts, Role.STARTUP, true);
        assertStatus(verdicts, ReplicaStatus.READY, true);
        assertThat(verdicts.status().cause().words()).isEqualTo("startup: code");
    }

    @Test
    void theReadinessProbeDecidesDespiteOtherProbes() {
        ProbeVerdicts verdicts = verdicts(", readiness: {tcp: 80}, liveness: {tcp: 81}");
        verdicts = report(verdicts, Role.LIVENESS, true);
        assertStatus(verdicts, ReplicaStatus.STARTING, false);

        verdicts = report(verdicts, Role.READINESS, false);
        assertStatus(verdicts, ReplicaStatus.NOT_READY, false);
        verdicts = report(verdicts, Role.READINESS, true);
        verdicts = report(verdicts, Role.LIVENESS, true);
        assertStatus(verdicts, ReplicaStatus.READY, true);
        assertThat(verdicts.status().cause().words()).isEqualTo("readiness: code");
    }
}
