package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.LogPolicy;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Logging must not cost the host more than the container itself may use. */
@Tag("isolation")
class LogRateTest {

    private static final double ALLOWED = 0.05;

    @SharedManager
    private static TestManager manager;

    private static Duration cpu(ProcessHandle process) {
        return process.info().totalCpuDuration().orElseThrow();
    }

    @ParameterizedTest
    @EnumSource(LogPolicy.Overflow.class)
    void aFloodOfEmptyLinesCostsTheShimLessThanTheWorkloadsCpuLimit(LogPolicy.Overflow overflow) {
        Container container = manager.containers()
                .launch(LaunchOrder.detached(ContainerSpec.builder(Mode.AGENT, List.of("/usr/bin/yes", ""))
                        .cpus(Optional.of(new Cpus(ALLOWED)))
                        .memory(Optional.of(MemorySize.parse("32M")))
                        .log(new LogPolicy(LogPolicy.DEFAULT.rate(), overflow))
                        .build()));
        try {
            ProcessHandle shim = ProcessHandle.of(
                            container.whileRunning().orElseThrow().pid())
                    .flatMap(ProcessHandle::parent)
                    .orElseThrow();
            // The burst of the first second is over.
            Awaitility.await()
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> container.log().tail(1).end() > 1_000_000);
            Duration before = cpu(shim);
            long begun = System.nanoTime();
            Awaitility.await().pollDelay(Duration.ofSeconds(4)).until(() -> true);
            Duration used = cpu(shim).minus(before);
            double share = used.toNanos() / (double) (System.nanoTime() - begun);

            // It once reached the limit itself; measurements vary by a tenth on a slow machine.
            assertThat(share).as("share of a processor").isLessThan(0.7 * ALLOWED);
        } finally {
            manager.containers().stop(container, new StopSpec(Signal.KILL, Duration.ZERO));
            manager.containers().remove(container);
        }
    }

    /** Output left in an exited process's pipe is logged, but only 64 KiB of a flood; here most of 1 MiB is left. */
    @Test
    void theEndOfAFloodIsLoggedUpToALimit() throws IOException {
        Container container = manager.containers()
                .launch(LaunchOrder.detached(ContainerSpec.builder(
                                Mode.AGENT,
                                List.of(
                                        "/bin/sh",
                                        "-c",
                                        "head -c 9000000 /dev/zero > /tmp/z; exec tr '\\0' '\\n' < /tmp/z"))
                        .log(new LogPolicy(MemorySize.parse("64K"), LogPolicy.Overflow.DROP))
                        .build()));
        try {
            container.end().orTimeout(30, TimeUnit.SECONDS).join();

            // At most 65,536 empty lines, each with its timestamp.
            assertThat(container.log().tail(1).end()).isLessThan(5_000_000);
        } finally {
            manager.containers().remove(container);
        }
    }
}
