package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import dev.nucleus.support.TestRootfs;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** PID 1 of a container in production mode: its actions, and the events that report them. */
@Tag("isolation")
class InitTest {

    @TempDir
    private static Path files;

    private static final List<ContainerEvent.InitActed> told = new CopyOnWriteArrayList<>();

    @SharedManager
    private static TestManager manager;

    private static Path rootfs;

    @BeforeAll
    static void start() throws Exception {
        manager.listen(ContainerEvent.InitActed.class, told::add);
        rootfs = TestRootfs.build(files.resolve("rootfs"), "/bin/bash", "/bin/sleep", "/usr/bin/perl");
    }

    private static Container launch(String script) {
        return manager.containers()
                .launch(LaunchOrder.detached(ContainerSpec.builder(Mode.PRODUCTION, List.of("/bin/bash", "-c", script))
                        .rootfs(Optional.of(rootfs))
                        .memory(Optional.of(MemorySize.parse("128M")))
                        .cpus(Optional.of(new Cpus(1)))
                        .pids(512)
                        .build()));
    }

    private static List<ContainerEvent.InitActed> eventsOf(Container container) {
        return told.stream().filter(event -> event.container() == container).toList();
    }

    private static int reaped(Container container) {
        return eventsOf(container).stream()
                .mapToInt(ContainerEvent.InitActed::reaped)
                .sum();
    }

    @Test
    void theInitReportsForwardedSignalsAndReapedOrphans() throws Exception {
        Container container =
                launch("trap 'echo heard >&2' USR1\n(/bin/sleep 0.05 & exit)\nwhile :; do sleep 0.1; done");

        Awaitility.await().until(() -> reaped(container) == 1);
        container.shim().signal(new Signal(10));
        Awaitility.await()
                .until(() -> eventsOf(container).stream()
                        .anyMatch(event -> event.forwarded().equals(List.of(new Signal(10)))));
        Awaitility.await()
                .until(() -> container.log().tail(10).lines().stream()
                        .anyMatch(line -> line.text().equals("heard")));
        manager.containers().stop(container, new StopSpec(Signal.TERM, Duration.ofSeconds(2)));
        Awaitility.await().until(() -> eventsOf(container).getLast().forwarded().contains(Signal.TERM));
    }

    /** Every orphan is reaped and counted, however fast they arrive, and the number of events stays small. */
    @Test
    void aFloodOfOrphansIsReportedAtMostOnceASecond() {
        int orphans = 1_000;
        long begun = System.nanoTime();
        Container container = launch("exec /usr/bin/perl -e 'for (1.." + orphans
                + ") { my $c = fork; if (!$c) { my $d = fork; exit 0 } waitpid $c, 0 } sleep 1000'");

        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> reaped(container) >= orphans);
        long seconds = Duration.ofNanos(System.nanoTime() - begun).toSeconds();

        assertThat(reaped(container)).isEqualTo(orphans);
        assertThat(eventsOf(container)).hasSizeLessThanOrEqualTo((int) seconds + 2);
    }
}
