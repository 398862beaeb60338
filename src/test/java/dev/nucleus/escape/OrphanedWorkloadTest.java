package dev.nucleus.escape;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.Remains;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A workload ends with its supervisor, whatever it does about signals, sessions and the death of its parent. */
@Tag("isolation")
@ConcurrentEscapeTest
class OrphanedWorkloadTest {

    /** Time for everything in the container to end. */
    private static final Duration END = Duration.ofSeconds(2);

    /** Time for the manager to notice and to remove the cgroups. */
    private static final Duration SWEEP = Duration.ofSeconds(30);

    @SharedTargets
    private static Targets targets;

    static Stream<Arguments> confinementsAndManners() {
        return Arrays.stream(Confinement.values())
                .flatMap(confinement -> Stream.of("", "session", "fork", "session fork", "session fork stop")
                        .filter(manner -> !confinement.isGvisor() || manner.isEmpty() || manner.contains("stop"))
                        .map(manner -> Arguments.of(confinement, manner)));
    }

    @ParameterizedTest
    @MethodSource("confinementsAndManners")
    void anUncooperativeWorkloadEndsWithItsShim(Confinement confinement, String manner) {
        assertEndsWithItsShim(confinement, List.of(), manner);
    }

    /** As PID 1, it can clear the signal that would kill it with its parent (prctl(2), PR_SET_PDEATHSIG). */
    @ParameterizedTest
    @MethodSource("dev.nucleus.escape.Confinement#ofNativeRuntime")
    void aWorkloadThatIsPid1EndsWithItsShim(Confinement confinement) {
        for (String manner : List.of("", "session fork stop")) {
            assertEndsWithItsShim(confinement, List.of("--no-init"), manner);
        }
    }

    private static void assertEndsWithItsShim(Confinement confinement, List<String> options, String manner) {
        confinement.require();
        String word = "orphan-" + confinement + "-" + manner.replace(' ', '-') + "-" + System.nanoTime();
        var command = new ArrayList<>(List.of(Targets.WITNESS, "cling", word));
        command.addAll(List.of(manner.split(" ")));
        String id = targets.launch(confinement, options, command.toArray(String[]::new));
        var processes = new ContainerProcesses(id, word);
        try {
            targets.awaitOutput(confinement, id, "clinging");
            ProcessHandle shim = processes.shim().orElseThrow();

            shim.destroyForcibly();

            Awaitility.await("everything in the container has ended")
                    .atMost(END)
                    .pollInterval(Duration.ofMillis(20))
                    .untilAsserted(() -> assertThat(processes.alive()).isEmpty());
            Awaitility.await("its cgroups are removed")
                    .atMost(SWEEP)
                    .until(() -> Remains.cgroups().stream().noneMatch(directory -> directory.contains(id)));
        } finally {
            processes.kill();
            targets.end(confinement, id);
        }
    }

    /** The shim dies while no manager runs. */
    @ParameterizedTest
    @EnumSource(
            value = Confinement.class,
            names = {"AGENT", "STRICT_AGENT", "GVISOR_AGENT"})
    void aStartingManagerCleansUpAfterAShimThatDiedMeanwhile(Confinement confinement, @TempDir Path directory)
            throws IOException {
        confinement.require();
        String word = "left-" + confinement + "-" + System.nanoTime();
        try (ManagerProcess manager = new ManagerProcess(directory).awaitReady()) {
            var command = new ArrayList<>(List.of("run", "-d"));
            command.addAll(confinement.options(targets.rootfs()));
            command.addAll(List.of("--", Targets.WITNESS, "cling", word, "session", "fork"));
            ManagerProcess.Result started = manager.nucleus(command.toArray(String[]::new));
            assertThat(started.code()).as(started.err()).isZero();
            String id = started.out().strip();
            var processes = new ContainerProcesses(id, word);
            try {
                Awaitility.await().until(() -> manager.nucleus("logs", id).out().contains("clinging"));
                ProcessHandle shim = processes.shim().orElseThrow();
                List<ProcessHandle> spawners =
                        manager.process().toHandle().children().toList();
                manager.kill();
                Awaitility.await("its spawner has exited")
                        .until(() -> spawners.stream().noneMatch(ProcessHandle::isAlive));

                shim.destroyForcibly();
                shim.onExit().join();
                manager.restart().awaitReady();

                Awaitility.await("nothing is left of the container")
                        .atMost(SWEEP)
                        .untilAsserted(() -> {
                            assertThat(processes.alive()).isEmpty();
                            assertThat(Remains.cgroups()).noneMatch(group -> group.contains(id));
                        });
            } finally {
                processes.kill();
            }
        }
    }
}
