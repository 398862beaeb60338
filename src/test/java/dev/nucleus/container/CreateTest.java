package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.shim.LaunchException;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Runtime;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.Remains;
import dev.nucleus.support.Requires;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Containers that are created first and started later. */
@Tag("isolation")
class CreateTest {

    private static final StopSpec GRACE = new StopSpec(Signal.parse("TERM"), Duration.ofSeconds(10));

    @SharedManager
    private static TestManager manager;

    private static Container create(ContainerSpec spec) {
        return manager.containers().create(LaunchOrder.detached(spec));
    }

    private static String command(int pid) throws IOException {
        return Files.readString(Path.of("/proc/" + pid + "/cmdline")).replace('\0', ' ');
    }

    @ParameterizedTest
    @EnumSource(Runtime.class)
    void theCommandRunsOnlyAfterTheContainerIsStarted(Runtime runtime) throws IOException {
        if (runtime == Runtime.GVISOR) {
            Requires.program("/usr/bin/runsc", "runsc");
        }
        Path mark = Files.createTempDirectory("nucleus-test-");
        Files.setAttribute(mark, "unix:mode", 0777);
        try {
            Container container =
                    create(ContainerSpec.builder(Mode.STRICT_AGENT, List.of("/bin/sh", "-c", "touch /mark/ran; exit 3"))
                            .runtime(Optional.of(runtime))
                            .memory(Optional.of(MemorySize.parse("256M")))
                            .cpus(Optional.of(new Cpus(1)))
                            .volumes(List.of(new VolumeMount(mark.toString(), "/mark", false)))
                            .build());

            assertThat(container.state()).isInstanceOf(ContainerState.Created.class);
            int pid = ((ContainerState.Created) container.state()).pid();
            assertThat(command(pid)).doesNotContain("/bin/sh");
            assertThat(Files.readString(Path.of("/proc/" + pid + "/status"))).contains("NoNewPrivs:\t1");
            assertThat(mark).isEmptyDirectory();

            manager.containers().start(container);

            assertThat(container.end().join().status().orElseThrow().code()).isEqualTo(3);
            assertThat(mark).isNotEmptyDirectory();
            manager.containers().remove(container);
        } finally {
            Remains.delete(mark);
        }
    }

    @Test
    void aCreatedContainerCanBeStoppedAndThenRemoved() {
        Container container = create(ContainerSpec.of(Mode.AGENT, List.of("/bin/sleep", "60")));
        assertThatThrownBy(() -> manager.containers().remove(container))
                .hasMessageContaining("is created; stop it first");

        manager.containers().stop(container, GRACE);

        assertThat(container.state().word()).isEqualTo("stopped");
        assertThatThrownBy(() -> manager.containers().start(container))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessageContaining("it has stopped");
        manager.containers().remove(container);
    }

    @Test
    void aMissingCommandIsReportedToTheClientThatStartsIt() {
        Container container = create(ContainerSpec.of(Mode.AGENT, List.of("/bin/not-there")));

        assertThatThrownBy(() -> manager.containers().start(container))
                .isInstanceOf(LaunchException.class)
                .hasMessageContaining("/bin/not-there");

        assertThat(container.state().word()).isEqualTo("stopped");
        manager.containers().remove(container);
    }

    @Test
    void startingTwiceIsRefused() {
        Container container = create(ContainerSpec.of(Mode.AGENT, List.of("/bin/sleep", "60")));
        manager.containers().start(container);

        assertThatThrownBy(() -> manager.containers().start(container)).hasMessageContaining("is running");
        manager.containers().stop(container, new StopSpec(Signal.KILL, Duration.ZERO));
        manager.containers().remove(container);
    }

    @Test
    void theNextManagerCanStartACreatedContainer(@TempDir Path directory) throws IOException {
        try (ManagerProcess process = new ManagerProcess(directory).awaitReady()) {
            String id = process.nucleus("create", "--", "/bin/sh", "-c", "echo here; exec sleep 60")
                    .out()
                    .strip();

            process.kill();
            process.restart().awaitReady();

            assertThat(process.nucleus("ps").out()).containsPattern(id.substring(0, 12) + ".* created ");
            assertThat(process.nucleus("start", id).err()).isEmpty();
            assertThat(process.nucleus("ps").out()).containsPattern(id.substring(0, 12) + ".* running ");
        }
    }
}
