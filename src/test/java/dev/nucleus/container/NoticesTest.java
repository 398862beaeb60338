package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class NoticesTest {

    private final Notices notices = new Notices();

    @Test
    void whatWasSaidLastHolds() {
        assertThat(notices.said().ready()).isFalse();

        notices.accept("READY=1\nSTATUS=serves\nX_OTHER=1\nnonsense");
        assertThat(notices.said().ready()).isTrue();
        assertThat(notices.said().status()).isEqualTo("serves");

        notices.accept("STOPPING=1");
        assertThat(notices.said().stopping()).isTrue();
        notices.accept("READY=1\n");
        assertThat(notices.said().stopping()).as("it has begun anew").isFalse();
    }

    @Test
    void aLongStatusIsCutAndAStrangeNumberIsNone() {
        notices.accept(
                "STATUS=" + "x".repeat(1_000) + "\nEXTEND_TIMEOUT_USEC=-1\nEXTEND_TIMEOUT_USEC=99999999999999999999");

        assertThat(notices.said().status()).hasSize(201).endsWith("x…");
        assertThat(notices.said().extended()).isZero();
    }

    @Test
    void patienceIsAskedForByTheMicrosecond() {
        notices.accept("EXTEND_TIMEOUT_USEC=60000000");

        assertThat(notices.said().extended()).isBetween(Duration.ofSeconds(50), Duration.ofSeconds(60));
    }

    @Test
    void aTriggeredWatchdogHasBeenSilentForLong() {
        notices.accept("WATCHDOG=1");
        assertThat(notices.said().silent()).isLessThan(Duration.ofSeconds(5));

        notices.accept("WATCHDOG=trigger");
        assertThat(notices.said().silent()).isGreaterThan(Duration.ofHours(20));
    }

    @Test
    void listenersHearOfEachThing() {
        var heard = new AtomicInteger();
        Runnable listener = heard::incrementAndGet;
        notices.listen(listener);
        notices.accept("READY=1");
        notices.forget(listener);
        notices.accept("WATCHDOG=1");

        assertThat(heard).hasValue(1);
    }
}
