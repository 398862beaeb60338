package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.container.Container;
import dev.nucleus.container.LaunchOrder;
import dev.nucleus.shim.ShimConnection;
import dev.nucleus.shim.ShimMessage;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.support.Command;
import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.ManagerProcess.Result;
import dev.nucleus.support.Requires;
import dev.nucleus.support.RunsConcurrently;
import dev.nucleus.support.TestManager;
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
import org.junit.jupiter.params.provider.ValueSource;

/** How a manager handles a shim that is stopped, and a directory that can't be deleted. */
@Tag("isolation")
@RunsConcurrently
class SilentShimTest {

    private static final Duration LONG = Duration.ofSeconds(40);

    @BeforeAll
    static void root() {
        Requires.root();
    }

    private static String shimOf(int pid) {
        return Long.toString(
                ProcessHandle.of(pid).orElseThrow().parent().orElseThrow().pid());
    }

    private static void send(String signal, String process) throws IOException {
        Command.run("kill", "-s", signal, process);
    }

    @Test
    void aSilentShimFailsTheProbeAndItsContainerIsStoppedWithoutIt() throws IOException {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    command: [/bin/sleep, "1000"]
                    liveness: {exec: ["true"], period: 50ms, timeout: 3s, failures: 1}
                    restart: {policy: always, backoff: {from: 10ms}}
                    stop: {grace: 0s}
                """)) {
            manager.await("shop/web-1", ReplicaStatus.READY);
            int first = manager.pidOf("shop/web-1");
            String shim = shimOf(first);
            send("STOP", shim);

            Awaitility.await()
                    .atMost(LONG)
                    .until(() -> ProcessHandle.of(first).isEmpty()
                            && manager.replica("shop/web-1").status() == ReplicaStatus.READY);

            assertThat(manager.replica("shop/web-1").history())
                    .extracting(Transition::cause)
                    .anyMatch(cause -> cause.startsWith("liveness: the shim does not answer: no response for 8 s"));
            assertThat(manager.pidOf("shop/web-1")).isNotEqualTo(first);
            Awaitility.await("the stopped shim is gone")
                    .until(() -> ProcessHandle.of(Long.parseLong(shim)).isEmpty());
        }
    }

    /** PID 1 can't exit before the shim has reaped the processes that it started in the container. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anExecOfASilentShimDoesNotKeepItsContainerFromStopping(boolean ownClocks) throws IOException {
        try (TestManager manager = TestManager.start()) {
            Container container = manager.containers()
                    .launch(LaunchOrder.detached(ContainerSpec.builder(Mode.AGENT, List.of("/bin/sleep", "1000"))
                            .timeNamespace(ownClocks)
                            .build()));
            int pid = container.whileRunning().orElseThrow().pid();
            try (ShimConnection exec =
                    container.shim().exec(List.of("/bin/sleep", "1000"), "", List.of(), Optional.empty())) {
                assertThat(exec.receive().orElseThrow()).isInstanceOf(ShimMessage.ExecStarted.class);
                send("STOP", shimOf(pid));

                manager.containers().stop(container, new StopSpec(Signal.KILL, Duration.ZERO));
            }

            assertThat(container.isStopped()).isTrue();
            assertThat(ProcessHandle.of(pid)).isEmpty();
            manager.containers().remove(container);
        }
    }

    @Test
    void aManagerStartsDespiteASilentShimAndAdoptsItsContainerLater(@TempDir Path directory) throws IOException {
        Files.writeString(
                directory.resolve("fleet.yaml"),
                "name: shop\nservices:\n  web: {command: [/bin/sleep, \"1000\"]}\n  two: {command: [/bin/sleep, \"1000\"]}\n");
        try (ManagerProcess manager = new ManagerProcess(directory).awaitReady().awaitUp("shop")) {
            int web = pidOf(manager, "shop/web-1");
            String shim = shimOf(web);
            manager.kill();
            send("STOP", shim);
            try {
                manager.restart().awaitReady();

                assertThat(manager.status("/actuator/health/shop")).isEqualTo(503);
                assertThat(manager.nucleus("ps").out())
                        .containsPattern("shop/two-1 +running +running")
                        .containsPattern("shop/web-1 +creating +not ready");
                assertThat(manager.log()).contains("can't adopt 'shop/web-1': its shim does not answer");
            } finally {
                send("CONT", shim);
            }
            manager.awaitUp("shop");
            assertThat(manager.nucleus("ps").out())
                    .containsPattern("shop/web-1 +running +running +0 .* " + web + "\\b");

            send("STOP", shim);
            assertThat(manager.nucleus("stop", "--grace", "0s", "shop/web-1"))
                    .isEqualTo(new Result(0, "shop/web-1\n", ""));
            Awaitility.await("the container has exited")
                    .until(() -> ProcessHandle.of(web).isEmpty());
            assertThat(manager.nucleus("ps", "-a").out()).containsPattern("shop/web-1 +stopped +stopped");
            assertThat(manager.log()).contains("'shop/web-1' is stopped without its shim, which does not answer");
        }
    }

    /** Only the shim could have reported which process is the container's first. */
    @Test
    void aNewManagerStopsAContainerWhoseShimIsSilent(@TempDir Path directory) throws IOException {
        try (ManagerProcess manager = new ManagerProcess(directory).awaitReady()) {
            manager.nucleus("run", "-d", "--name", "alone", "--", "/bin/sleep", "1000");
            int pid = pidOf(manager, "alone");
            String shim = shimOf(pid);
            manager.kill();
            send("STOP", shim);

            manager.restart().awaitReady();

            assertThat(manager.nucleus("ps").out()).containsPattern("alone +creating");
            assertThat(manager.nucleus("stop", "--grace", "0s", "alone")).isEqualTo(new Result(0, "alone\n", ""));
            Awaitility.await("container and shim have exited")
                    .until(() -> ProcessHandle.of(pid).isEmpty()
                            && ProcessHandle.of(Long.parseLong(shim)).isEmpty());
        }
    }

    private static int pidOf(ManagerProcess manager, String name) {
        return manager.nucleus("ps")
                .out()
                .lines()
                .filter(line -> line.contains(name))
                .map(line -> Integer.parseInt(line.split("\\s{2,}")[6]))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void anUndeletableDirectoryDoesNotAffectTheNextContainer() throws IOException {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web: {command: [/bin/sleep, "1000"], restart: {policy: always, backoff: {from: 10ms}}}
                """)) {
            manager.await("shop/web-1", ReplicaStatus.RUNNING);
            Container first = manager.containerOf("shop/web-1");
            Path busy =
                    manager.state().resolve("containers").resolve(first.id()).resolve("busy");
            Path moved = manager.state().resolve("removed").resolve(first.id()).resolve("busy");
            Command.run("mkdir", busy.toString());
            Command.run("mount", "-t", "tmpfs", "-o", "size=64k", "none", busy.toString());
            try {
                first.shim().signal(Signal.KILL);
                Awaitility.await()
                        .until(() -> manager.replica("shop/web-1").restarts() == 1
                                && manager.replica("shop/web-1").status() == ReplicaStatus.RUNNING);
                Container second = manager.containerOf("shop/web-1");

                assertThat(second.id()).isNotEqualTo(first.id());
                assertThat(second.isRunning()).isTrue();
                assertThat(moved).exists();
            } finally {
                Command.run("umount", Files.exists(moved) ? moved.toString() : busy.toString());
            }
        }
    }
}
