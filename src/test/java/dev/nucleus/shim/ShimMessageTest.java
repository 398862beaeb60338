package dev.nucleus.shim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.plan.LaunchStep;
import dev.nucleus.spec.Signal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ShimMessageTest {

    private static ByteBuffer buffer(int capacity) {
        return ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Test
    void anExitStatusIsDecodedAsFromWait() {
        assertThat(ExitStatus.ofWaitStatus(3 << 8)).isEqualTo(new ExitStatus(3, Optional.empty(), false));
        assertThat(ExitStatus.ofWaitStatus(9)).isEqualTo(new ExitStatus(137, Optional.of(Signal.KILL), false));
        assertThat(ExitStatus.ofWaitStatus(9)).hasToString("killed by SIGKILL");
        assertThat(ExitStatus.ofWaitStatus(0)).hasToString("exit code 0");
        ByteBuffer payload = buffer(12).putInt(9).putLong(1_500_000_000L).flip();

        assertThat(ShimMessage.decode(0x84, payload))
                .isEqualTo(new ShimMessage.Exited(
                        new ExitStatus(137, Optional.of(Signal.KILL), false),
                        Instant.ofEpochSecond(1, 500_000_000),
                        false));
    }

    @Test
    void anOutOfMemoryKillIsDistinguished() {
        ByteBuffer payload = buffer(13).putInt(9).putLong(0).put((byte) 1).flip();

        assertThat(ShimMessage.decode(0x84, payload)).isInstanceOfSatisfying(ShimMessage.Exited.class, exited -> {
            assertThat(exited.status().outOfMemory()).isTrue();
            assertThat(exited.status()).hasToString("killed by SIGKILL, out of memory");
        });
    }

    @Test
    void stepsCarryTheirTimes() {
        ByteBuffer payload = buffer(19)
                .put((byte) 2)
                .put((byte) 0)
                .putLong(10)
                .put((byte) LaunchStep.EXEC.ordinal())
                .putLong(20)
                .flip();

        assertThat(ShimMessage.decode(0x81, payload))
                .isEqualTo(new ShimMessage.Steps(
                        Map.of(LaunchStep.PLAN, Duration.ofNanos(10), LaunchStep.EXEC, Duration.ofNanos(20))));
    }

    @Test
    void aFailureNamesStepErrnoAndDetail() {
        byte[] text = "execute nosuch\0".getBytes(StandardCharsets.UTF_8);
        ByteBuffer payload = buffer(64)
                .put((byte) LaunchStep.EXEC.ordinal())
                .putInt(2)
                .putInt(text.length)
                .put(text)
                .flip();

        assertThat(ShimMessage.decode(0x83, payload))
                .isEqualTo(new ShimMessage.Failed(LaunchStep.EXEC, 2, "execute nosuch"));
    }

    @Test
    void anUnknownAnswerIsAnError() {
        assertThatThrownBy(() -> ShimMessage.decode(0x42, buffer(0))).hasMessageContaining("unknown answer");
    }

    @Test
    void theMessageOfAFailedLaunchSaysWhatToDo() {
        var failure = new LaunchException(LaunchStep.EXEC, 2, "execute nosuch, searched along PATH=/bin");

        assertThat(failure)
                .hasMessage("launch failed at exec (executing the command): execute nosuch, searched along PATH=/bin: "
                        + "ENOENT: No such file or directory. What to do: the program is not in the container: check "
                        + "command, rootfs and volumes");
    }
}
