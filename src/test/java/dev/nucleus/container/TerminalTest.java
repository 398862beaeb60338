package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.log.ContainerLog;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.rootfs.RootfsAttestation;
import dev.nucleus.shim.ShimConnection;
import dev.nucleus.shim.ShimMessage;
import dev.nucleus.shim.Ticket;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Runtime;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.spec.UserNamespace;
import dev.nucleus.support.Requires;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.StreamClient;
import dev.nucleus.support.TestManager;
import dev.nucleus.support.TestRootfs;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Terminals as the standard streams of workloads and execs. */
@Tag("isolation")
class TerminalTest {

    private static final LaunchPlan.Terminal SIZE = new LaunchPlan.Terminal(33, 101);
    private static final LaunchPlan.Terminal OTHER = new LaunchPlan.Terminal(50, 150);
    private static final StopSpec NOW = new StopSpec(Signal.KILL, Duration.ZERO);

    /** Prints its size whenever that changes, echoes what is typed, and exits on "bye". */
    private static final String ECHO = "trap 'stty size' WINCH; test -t 0 -a -t 1 -a -t 2 && stty size;"
            + " while :; do read line || continue; echo \"heard $line\"; test \"$line\" = bye && exit 6; done";

    @SharedManager
    private static TestManager manager;

    @TempDir
    private Path directory;

    private static Container launch(ContainerSpec spec) {
        return manager.containers()
                .launch(LaunchOrder.detached(spec).withStreams(true, Optional.of(LaunchPlan.Console.of(SIZE))));
    }

    private static StreamClient attach(Container container) throws IOException {
        var ticket = new Ticket();
        container.shim().announce(ticket);
        return StreamClient.attach(container.shim(), ticket);
    }

    private static String log(Container container) {
        try {
            return String.join(
                    "\n",
                    container.log().tail(100).lines().stream()
                            .map(ContainerLog.Line::text)
                            .toList());
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static void await(Container container, String text) {
        Awaitility.await("'" + text + "'")
                .atMost(Duration.ofSeconds(20))
                .until(() -> log(container).contains(text));
    }

    private static void talk(Container container) throws IOException {
        await(container, "33 101");
        container.shim().resize(0, OTHER);
        try (StreamClient client = attach(container)) {
            // A shell runs a trap only after its next read.
            client.type("one\n");
            await(container, "heard one");
            await(container, "50 150");
            client.type("bye\n");
            assertThat(container.end().join().status().orElseThrow().code()).isEqualTo(6);
        }
        manager.containers().remove(container);
    }

    @Test
    void aWorkloadHasATerminalOfTheRequestedSize() throws IOException {
        talk(launch(ContainerSpec.of(Mode.AGENT, List.of("/bin/sh", "-c", ECHO))));
    }

    @Test
    void theTerminalBelongsToTheWorkloadUnderAnInit() throws Exception {
        Path rootfs = TestRootfs.build(directory.toRealPath().resolve("rootfs"), "/bin/sh", "/bin/stty");
        RootfsAttestation.attest(rootfs);

        talk(launch(ContainerSpec.builder(Mode.PRODUCTION, List.of("/bin/sh", "-c", ECHO))
                .rootfs(Optional.of(rootfs))
                .memory(Optional.of(MemorySize.parse("64M")))
                .cpus(Optional.of(new Cpus(1)))
                .build()));
    }

    @Test
    void aSandboxedWorkloadHasATerminalToo() throws IOException {
        Requires.program("/usr/bin/runsc", "runsc");

        talk(launch(ContainerSpec.builder(Mode.AGENT, List.of("/bin/sh", "-c", ECHO))
                .runtime(Optional.of(Runtime.GVISOR))
                .build()));
    }

    @Test
    void theInterruptKeySignalsTheWorkload() throws IOException {
        Container container = launch(ContainerSpec.of(
                Mode.AGENT, List.of("/bin/sh", "-c", "trap 'exit 7' INT; echo ready; while :; do sleep 0.01; done")));
        await(container, "ready");
        try (StreamClient client = attach(container)) {
            client.type("\u0003");

            assertThat(container.end().join().status().orElseThrow().code()).isEqualTo(7);
        }
        manager.containers().remove(container);
    }

    private static String exec(Container container, String script, String typed) throws IOException {
        var ticket = new Ticket();
        try (ShimConnection connection = container
                .shim()
                .exec(
                        List.of("/bin/sh", "-c", script),
                        true,
                        Optional.of(SIZE),
                        "/tmp",
                        List.of("WORD=given"),
                        ticket)) {
            var started = (ShimMessage.ExecStarted) connection.receive().orElseThrow();
            container.shim().resize(started.id(), OTHER);
            try (StreamClient client = StreamClient.attach(container.shim(), ticket)) {
                client.type(typed);
                var exited = (ShimMessage.ExecExited) connection.receive().orElseThrow();
                return client.awaitOutput() + exited.status().code();
            }
        }
    }

    @Test
    void anExecHasItsOwnTerminalDirectoryAndVariables() throws IOException {
        Container container = manager.launch("/bin/sleep", "60");
        try {
            assertThat(exec(container, "read x; stty -echo; stty size; pwd; echo $WORD $USER $x; exit 3", "typed\n"))
                    .isEqualTo("typed\r\n50 150\r\n/tmp\r\ngiven agent typed\r\n3");
        } finally {
            manager.containers().stop(container, NOW);
            manager.containers().remove(container);
        }
    }

    /** The terminal's name is in the container's own /dev/pts, and /dev/tty refers to it. */
    private static final String NAMES_IT = "tty; echo by name > $(tty); echo by tty > /dev/tty; echo $(ls /dev/pts)";

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aTerminalHasANameAndIsTheControllingTerminal(boolean userNamespace) throws IOException {
        Container container =
                launch(ContainerSpec.builder(Mode.AGENT, List.of("/bin/sh", "-c", NAMES_IT + "; echo ready; sleep 60"))
                        .userNamespace(userNamespace ? new UserNamespace.Auto() : new UserNamespace.None())
                        .build());
        try {
            await(container, "ready");

            assertThat(log(container)).isEqualTo("/dev/pts/0\nby name\nby tty\n0 ptmx\nready");
            assertThat(exec(container, NAMES_IT, "")).isEqualTo("/dev/pts/1\r\nby name\r\nby tty\r\n0 1 ptmx\r\n0");
        } finally {
            manager.containers().stop(container, NOW);
            manager.containers().remove(container);
        }
    }

    @Test
    void aCommandThatIsPid1HasAControllingTerminalToo() {
        Container container = launch(ContainerSpec.builder(Mode.AGENT, List.of("/bin/sh", "-c", NAMES_IT))
                .init(false)
                .build());
        container.end().join();

        assertThat(log(container)).isEqualTo("/dev/pts/0\nby name\nby tty\n0 ptmx");
        manager.containers().remove(container);
    }

    @Test
    void theInterruptKeyTerminatesAPid1WithoutAHandler() throws IOException {
        Container container =
                launch(ContainerSpec.builder(Mode.AGENT, List.of("/bin/sh", "-c", "echo ready; exec /bin/sleep 60"))
                        .init(false)
                        .build());
        await(container, "ready");
        try (StreamClient client = attach(container)) {
            client.type("x\u0003");

            assertThat(container.end().join().status().orElseThrow().signal()).contains(Signal.parse("INT"));
        }
        manager.containers().remove(container);
    }

    /** As script(1), ssh, tmux and expect do. */
    @ParameterizedTest
    @EnumSource(value = Mode.class, names = "PRODUCTION", mode = EnumSource.Mode.EXCLUDE)
    void programsCanOpenTheirOwnTerminals(Mode mode) {
        TestManager.Output output = manager.run(ContainerSpec.of(
                mode,
                List.of(
                        "/bin/sh",
                        "-c",
                        "ls /dev/pts; script -qec 'stty rows 7 cols 9; stty size; echo by tty > /dev/tty; tty' /dev/null;"
                                + " (echo > /dev/tty) 2>&1")));

        assertThat(output.out())
                .isEqualTo("ptmx\n7 9\r\nby tty\r\n/dev/pts/0\r\n"
                        + "/bin/sh: 1: cannot create /dev/tty: No such device or address\n");
    }

    @Test
    void anExecGetsATerminalEvenIfTheWorkloadHoldsAllOthers() throws IOException {
        Container container = manager.launch(
                "/usr/bin/python3",
                "-c",
                "import os, time\nheld = []\ntry:\n while True: held.append(os.open('/dev/ptmx', os.O_RDWR))\n"
                        + "except OSError as e: print('held', len(held), e.errno, flush=True)\ntime.sleep(60)");
        try {
            await(container, "held 64 28");

            assertThat(exec(container, "stty size; echo by tty > /dev/tty", "")).endsWith("\r\nby tty\r\n0");
        } finally {
            manager.containers().stop(container, NOW);
            manager.containers().remove(container);
        }
    }

    @Test
    void resizingAContainerWithoutATerminalFails() throws IOException {
        Container container = manager.launch("/bin/sleep", "60");
        try {
            assertThatThrownBy(() -> container.shim().resize(0, OTHER)).hasMessageContaining("ENOTTY");
        } finally {
            manager.containers().stop(container, NOW);
            manager.containers().remove(container);
        }
    }
}
