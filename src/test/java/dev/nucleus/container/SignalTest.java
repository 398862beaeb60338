package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.log.ContainerLog;
import dev.nucleus.rootfs.RootfsAttestation;
import dev.nucleus.shim.ExitStatus;
import dev.nucleus.shim.Shim;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.spec.UserNamespace;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import dev.nucleus.support.TestRootfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Signals reach a container as they would reach any process: from a client, at a stop, and from inside. */
@Tag("isolation")
class SignalTest {

    private static final StopSpec NOW = new StopSpec(Signal.KILL, Duration.ZERO);

    /** Blocks TERM and accepts it with sigwait(3), as tini and dumb-init do, so that it has no handler. */
    private static final String WAITS_FOR_TERM = "import signal, sys, time;"
            + "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM}); print('ready', flush=True);"
            + "signal.sigwait({signal.SIGTERM}); time.sleep(0.3); print('drained', flush=True); sys.exit(4)";

    @TempDir
    private static Path files;

    @SharedManager
    private static TestManager manager;

    private static Path rootfs;

    @BeforeAll
    static void build() throws Exception {
        rootfs = TestRootfs.build(files.resolve("rootfs"), "/bin/sh", "/bin/sleep");
        RootfsAttestation.attest(rootfs);
    }

    private static Container launch(ContainerSpec spec) {
        return manager.containers().launch(LaunchOrder.detached(spec));
    }

    private static Container launchAsPid1(String... command) {
        return launch(
                ContainerSpec.builder(Mode.AGENT, List.of(command)).init(false).build());
    }

    private static List<String> log(Container container) throws IOException {
        return container.log().tail(100).lines().stream()
                .map(ContainerLog.Line::text)
                .toList();
    }

    private static void awaitReady(Container container) {
        Awaitility.await("the workload is ready").until(() -> log(container).contains("ready"));
    }

    private static ExitStatus endOf(Container container) {
        ExitStatus status = container.end().join().status().orElseThrow();
        manager.containers().remove(container);
        return status;
    }

    @Test
    void aPid1ThatWaitsForSignalsHasTheFullGracePeriod() throws IOException {
        Container container = launchAsPid1("/usr/bin/python3", "-c", WAITS_FOR_TERM);
        awaitReady(container);

        ContainerState.Stopped stopped =
                manager.containers().stop(container, new StopSpec(Signal.TERM, Duration.ofSeconds(20)));

        assertThat(stopped.status().orElseThrow().code()).isEqualTo(4);
        assertThat(log(container)).contains("drained");
        manager.containers().remove(container);
    }

    /** An init that was itself stopped could not forward any more signals. */
    @Test
    void signalsThatTheInitCannotForwardStillReachTheWorkload() throws IOException {
        Container container = launch(
                ContainerSpec.builder(Mode.AGENT, List.of("/bin/sleep", "60")).build());
        int init = container.whileRunning().orElseThrow().pid();

        container.shim().signal(Signal.parse("STOP"));

        Awaitility.await("the workload is stopped")
                .until(() -> state(child(init)).equals("T"));
        assertThat(state(Integer.toString(init))).isEqualTo("S");
        container.shim().signal(Signal.parse("CONT"));
        Awaitility.await("the workload continues")
                .until(() -> state(child(init)).equals("S"));
        container.shim().signal(Signal.TERM);
        assertThat(endOf(container).code()).isEqualTo(143);
    }

    private static String child(int pid) throws IOException {
        return Files.readString(Path.of("/proc/" + pid + "/task/" + pid + "/children"))
                .strip();
    }

    private static String state(String pid) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        return stat.substring(stat.lastIndexOf(')') + 2).substring(0, 1);
    }

    @Test
    void aStopWaitsTheGracePeriodEvenForAPid1WithoutAHandler() {
        Container container = launchAsPid1("/bin/sleep", "60");
        Duration grace = Duration.ofMillis(300);
        long begun = System.nanoTime();

        ContainerState.Stopped stopped = manager.containers().stop(container, new StopSpec(Signal.TERM, grace));

        assertThat(stopped.status().orElseThrow().signal()).contains(Signal.KILL);
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isGreaterThanOrEqualTo(grace);
        manager.containers().remove(container);
    }

    @Test
    void aClientsSignalTerminatesAPid1WithoutAHandler() throws IOException {
        Container container = launchAsPid1("/bin/sleep", "60");

        container.shim().signal(Signal.TERM);

        assertThat(endOf(container)).satisfies(status -> {
            assertThat(status.code()).isEqualTo(143);
            assertThat(status.signal()).contains(Signal.TERM);
        });
    }

    @Test
    void aClientsSignalReachesAPid1ThatHandlesBlocksOrIgnoresIt() throws IOException {
        Container handling = launchAsPid1(
                "/bin/sh", "-c", "trap '' INT; trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done");
        awaitReady(handling);
        handling.shim().signal(Signal.parse("INT"));
        handling.shim().signal(Signal.TERM);
        Container waiting = launchAsPid1("/usr/bin/python3", "-c", WAITS_FOR_TERM);
        awaitReady(waiting);
        waiting.shim().signal(Signal.TERM);

        assertThat(endOf(handling).code()).isEqualTo(9);
        assertThat(endOf(waiting).code()).isEqualTo(4);
    }

    private static ContainerSpec reloadable(Mode mode) {
        ContainerSpec.Builder spec = ContainerSpec.builder(
                mode,
                List.of("/bin/sh", "-c", "trap 'echo reloaded' HUP; echo ready; while :; do sleep 0.01 || :; done"));
        return mode == Mode.PRODUCTION
                ? spec.rootfs(Optional.of(rootfs))
                        .memory(Optional.of(MemorySize.parse("64M")))
                        .cpus(Optional.of(new Cpus(1)))
                        .build()
                : spec.build();
    }

    /** PID 1 forwards the signal; the workload is PID 2. */
    private static void assertSignalledFromInside(Container container) throws IOException {
        awaitReady(container);

        Shim.Captured captured = container
                .shim()
                .capture(List.of("/bin/sh", "-c", "kill -0 1 && kill -0 2 && kill -HUP 1"), Duration.ofSeconds(20));

        assertThat(captured.output()).isEmpty();
        assertThat(captured.status().code()).isZero();
        Awaitility.await("the workload has reloaded").until(() -> log(container).contains("reloaded"));
        manager.containers().stop(container, NOW);
        manager.containers().remove(container);
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void anExecCanSignalTheWorkload(Mode mode) throws IOException {
        assertSignalledFromInside(launch(reloadable(mode)));
    }

    @Test
    void anExecCanSignalTheWorkloadInAUserNamespace() throws IOException {
        assertSignalledFromInside(launch(reloadable(Mode.AGENT)
                .change()
                .userNamespace(new UserNamespace.Auto())
                .build()));
    }

    @Test
    void anExecCanSignalAProcessOfAnotherExec() throws IOException {
        Container container = launch(reloadable(Mode.AGENT));
        awaitReady(container);
        Shim.Captured first = container
                .shim()
                .capture(List.of("/bin/sh", "-c", "sleep 60 >&- 2>&- & echo $!"), Duration.ofSeconds(20));
        String pid = first.output().strip();

        Shim.Captured second =
                container.shim().capture(List.of("/bin/sh", "-c", "kill -KILL " + pid), Duration.ofSeconds(20));

        assertThat(second.output()).isEmpty();
        assertThat(second.status().code()).isZero();
        manager.containers().stop(container, NOW);
        manager.containers().remove(container);
    }
}
