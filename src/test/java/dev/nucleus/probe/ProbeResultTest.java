package dev.nucleus.probe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.fleet.Cause;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ProbeResultTest {

    /** The log, the dashboard, ps, Actuator and notifications show this text. */
    @Test
    void workloadTextIsEscapedToOneLine() {
        var answer = new ProbeResult(
                ProbeResult.Role.READINESS,
                "exec",
                Instant.EPOCH,
                false,
                "exit code 1: no\r\n2026-11-29 ERROR forged\u001b[1A\u202e" + "x".repeat(300),
                Duration.ZERO,
                Duration.ZERO);

        assertThat(answer.detail())
                .startsWith("exit code 1: no 2026-11-29 ERROR forged\\x1b[1A\\u202exxx")
                .hasSize(201)
                .endsWith("x…");
    }

    @Test
    void aCauseWithAnAdditionIsEscapedToOneLine() {
        assertThat(Cause.probe("liveness: a\nb").and("c\u2066d").words()).isEqualTo("liveness: a b; c\\u2066d");
    }
}
