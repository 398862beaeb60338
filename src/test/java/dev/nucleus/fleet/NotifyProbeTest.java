package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.container.Container;
import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.Remains;
import dev.nucleus.support.Requires;
import dev.nucleus.support.RunsConcurrently;
import dev.nucleus.support.SocketHttp;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Workloads that report their state by sd_notify(3). */
@Tag("isolation")
@RunsConcurrently
class NotifyProbeTest {

    /** Sends each line that is appended to /tmp/say, with bars as line breaks. */
    private static final String SAYS = """
            import os, socket, time
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            open("/tmp/say", "w").close()
            f = open("/tmp/say")
            while True:
                line = f.readline()
                if line: s.sendto(line.strip().replace("|", "\\n").encode(), os.environ["NOTIFY_SOCKET"])
                else: time.sleep(0.01)
            """.indent(10);

    private static final String COMMAND =
            "    seccomp: python-agent\n    command:\n      - /usr/bin/python3\n      - -c\n      - |\n" + SAYS;

    @BeforeAll
    static void root() {
        Requires.root();
    }

    private static String fleet(String more) {
        return "name: shop\nservices:\n  web:\n" + COMMAND + more.indent(4);
    }

    private static void say(Container container, String line) throws IOException {
        Awaitility.await()
                .untilAsserted(() -> assertThat(container
                                .shim()
                                .capture(
                                        List.of("/bin/sh", "-c", "[ -e /tmp/say ] && echo '" + line + "' >>/tmp/say"),
                                        Duration.ofSeconds(5))
                                .status()
                                .code())
                        .isZero());
    }

    @Test
    void aReplicaIsReadyFromItsReadyUntilItsStoppingMessage() throws Exception {
        try (TestManager manager = TestManager.start(fleet("readiness: {notify: true, period: 1m, failures: 1}"))) {
            manager.await("shop/web-1", ReplicaStatus.NOT_READY);
            Container container = manager.containerOf("shop/web-1");

            long begun = System.nanoTime();
            say(container, "READY=1|STATUS=serves 3 clients");
            manager.await("shop/web-1", ReplicaStatus.READY);
            assertThat(Duration.ofNanos(System.nanoTime() - begun))
                    .as("the message is handled at once, not polled")
                    .isLessThan(Duration.ofSeconds(30));
            assertThat(manager.replica("shop/web-1").cause()).isEqualTo("readiness: READY=1: serves 3 clients");

            say(container, "STOPPING=1|STATUS=drains");
            manager.await("shop/web-1", ReplicaStatus.NOT_READY);
            assertThat(manager.replica("shop/web-1").cause()).isEqualTo("readiness: STOPPING=1: drains");
            assertThat(sockets(manager.directory()))
                    .as("the socket's name is removed from the host")
                    .isZero();
        }
    }

    private static long sockets(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("run/c"))) {
            return files.filter(file -> file.toString().endsWith(".notify")).count();
        }
    }

    @Test
    void aStartingReplicaCanExtendItsTimeout() throws Exception {
        try (TestManager manager = TestManager.start(fleet("""
                startup: {notify: true, period: 50ms, failures: 80}
                restart: {policy: always, backoff: {from: 10ms}}
                """))) {
            manager.await("shop/web-1", ReplicaStatus.STARTING);
            Container container = manager.containerOf("shop/web-1");
            say(container, "EXTEND_TIMEOUT_USEC=60000000");
            Instant since = manager.replica("shop/web-1").since();
            Awaitility.await("one and a half times the original timeout has passed")
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> since.plusSeconds(6).isBefore(Instant.now()));
            assertThat(manager.replica("shop/web-1").restarts()).isZero();
            say(container, "READY=1");
            manager.await("shop/web-1", ReplicaStatus.READY);
        }
    }

    @Test
    void aServiceThatMissesItsWatchdogIsRestarted() throws Exception {
        try (TestManager manager = TestManager.start(fleet("""
                liveness: {notify: 2s, period: 50ms}
                restart: {policy: always, backoff: {from: 10ms}}
                """))) {
            manager.await("shop/web-1", ReplicaStatus.READY);
            Container container = manager.containerOf("shop/web-1");
            assertThat(container
                            .shim()
                            .capture(List.of("/bin/sh", "-c", "echo $WATCHDOG_USEC"), Duration.ofSeconds(5))
                            .output())
                    .isEqualTo("2000000\n");
            long begun = System.nanoTime();
            while (System.nanoTime() - begun < Duration.ofSeconds(4).toNanos()) {
                say(container, "WATCHDOG=1");
                assertThat(manager.replica("shop/web-1").restarts()).isZero();
            }
            Awaitility.await().until(() -> manager.replica("shop/web-1").restarts() > 0);
            assertThat(manager.replica("shop/web-1").history())
                    .anyMatch(t ->
                            t.to() == ReplicaStatus.UNHEALTHY && t.cause().startsWith("liveness: no WATCHDOG=1 for "));
        }
    }

    /** Each container has its own socket, so a flood fills only that socket's queue in the kernel. */
    @Test
    void aFloodOfMessagesAffectsNoOtherService() throws Exception {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  flood:
                    seccomp: python-agent
                    command:
                      - /usr/bin/python3
                      - -c
                      - |
                        import os, socket
                        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                        while True: s.sendto(b"READY=1\\nSTATUS=" + os.urandom(600), os.environ["NOTIFY_SOCKET"])
                    readiness: {notify: true}
                  calm: {command: [/bin/sleep, "1000"], readiness: {exec: ["true"], period: 50ms}}
                """)) {
            manager.await("shop/flood-1", ReplicaStatus.READY);
            manager.await("shop/calm-1", ReplicaStatus.READY);
            int heard = manager.replica("shop/calm-1").probeResults().size();
            Awaitility.await()
                    .until(() -> manager.replica("shop/calm-1").probeResults().size() > Math.min(heard + 20, 59));

            assertThat(manager.containerOf("shop/flood-1")
                            .shim()
                            .capture(List.of("/bin/echo", "still served"), Duration.ofSeconds(5))
                            .output())
                    .isEqualTo("still served\n");
        }
    }

    @Test
    void theLastMessageOutlivesTheManager() throws Exception {
        Path directory = Files.createTempDirectory("nucleus-notify-");
        Files.writeString(directory.resolve("fleet.yaml"), fleet("readiness: {notify: true}"));
        try (ManagerProcess manager = new ManagerProcess(directory).awaitReady()) {
            Awaitility.await()
                    .until(() -> manager.nucleus(
                                            "exec",
                                            "-n",
                                            "shop/web-1",
                                            "--",
                                            "/bin/sh",
                                            "-c",
                                            "[ -e /tmp/say ] && echo 'READY=1|STATUS=up' >>/tmp/say")
                                    .code()
                            == 0);
            manager.awaitUp("shop");

            manager.kill();
            manager.restart().awaitReady().awaitUp("shop");

            assertThat(SocketHttp.get(directory.resolve("run/http.sock"), "/actuator/health/shop")
                            .body())
                    .contains("READY=1: up");
        } finally {
            Remains.delete(directory);
        }
    }

    @Test
    void gvisorDoesNotSupportNotifyProbes() {
        try (TestManager manager =
                TestManager.start(fleet("readiness: {notify: true}\nruntime: gvisor\nrestart: never"))) {
            manager.await("shop/web-1", ReplicaStatus.FAILED);
            assertThat(manager.replica("shop/web-1").cause()).contains("use another kind of probe");
        }
    }

    /**
     * A receiver has to close each descriptor, which may take as long as its sender likes (socket(7), SO_LINGER): all
     * are refused. Closing many at once (inotify groups) would also block the shim.
     */
    @Test
    void descriptorsInMessagesAreRefusedAndBlockNothing() throws Exception {
        String hostile = """
                import array, ctypes, os, socket
                s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                s.connect(os.environ["NOTIFY_SOCKET"])
                c = ctypes.CDLL(None, use_errno=True)
                fds = [c.inotify_init1(0) for i in range(32)]
                refused = 0
                for i in range(200):
                    try: s.sendmsg([b"X=1"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])
                    except PermissionError: refused += 1
                print("refused", refused, flush=True)
                s.send(b"READY=1")
                import time
                time.sleep(1000)
                """.indent(10);
        try (TestManager manager = TestManager.start("name: shop\nservices:\n  web:\n    seccomp: python-agent\n"
                + "    command:\n      - /usr/bin/python3\n      - -c\n      - |\n" + hostile
                + "    readiness: {notify: true, period: 1m, failures: 1}\n")) {
            manager.await("shop/web-1", ReplicaStatus.READY);
            Container container = manager.containerOf("shop/web-1");

            Awaitility.await()
                    .until(() -> container.log().tail(1).lines().stream()
                            .anyMatch(line -> line.text().equals("refused 200")));
            assertThat(container
                            .shim()
                            .capture(List.of("/bin/true"), Duration.ofSeconds(5))
                            .timedOut())
                    .isFalse();
        }
    }
}
