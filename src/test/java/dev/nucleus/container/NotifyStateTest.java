package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class NotifyStateTest {

    private final NotifyState state = new NotifyState();

    @Test
    void theLatestNotificationWins() {
        assertThat(state.snapshot().ready()).isFalse();

        state.accept("READY=1\nSTATUS=serves\nX_OTHER=1\nnonsense");
        assertThat(state.snapshot().ready()).isTrue();
        assertThat(state.snapshot().status()).isEqualTo("serves");

        state.accept("STOPPING=1");
        assertThat(state.snapshot().stopping()).isTrue();
        state.accept("READY=1\n");
        assertThat(state.snapshot().stopping()).as("ready again").isFalse();
    }

    @Test
    void aLongStatusIsTruncatedAndAnInvalidNumberIsIgnored() {
        state.accept(
                "STATUS=" + "x".repeat(1_000) + "\nEXTEND_TIMEOUT_USEC=-1\nEXTEND_TIMEOUT_USEC=99999999999999999999");

        assertThat(state.snapshot().status()).hasSize(201).endsWith("x…");
        assertThat(state.snapshot().extended()).isZero();
    }

    @Test
    void aTimeoutExtensionIsInMicroseconds() {
        state.accept("EXTEND_TIMEOUT_USEC=60000000");

        assertThat(state.snapshot().extended()).isBetween(Duration.ofSeconds(50), Duration.ofSeconds(60));
    }

    @Test
    void aTriggeredWatchdogCountsAsLongSilent() {
        state.accept("WATCHDOG=1");
        assertThat(state.snapshot().silent()).isLessThan(Duration.ofSeconds(5));

        state.accept("WATCHDOG=trigger");
        assertThat(state.snapshot().silent()).isGreaterThan(Duration.ofHours(20));
    }

    @Test
    void aListenerIsNotifiedUntilItIsRemoved() {
        var heard = new AtomicInteger();
        Runnable listener = heard::incrementAndGet;
        state.addListener(listener);
        state.accept("READY=1");
        state.removeListener(listener);
        state.accept("WATCHDOG=1");

        assertThat(heard).hasValue(1);
    }
}
