package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.PlanEncoder;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.Mode;
import dev.nucleus.support.Command;
import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.Requires;
import dev.nucleus.support.RunsConcurrently;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Containers across a crash or a restart of their manager. */
@Tag("isolation")
@RunsConcurrently
class AdoptionTest {

    @TempDir
    private Path directory;

    @BeforeEach
    void requireRoot() {
        Requires.root();
    }

    private static String field(ManagerProcess manager, String name, int column) {
        return manager.nucleus("ps", "-a")
                .out()
                .lines()
                .filter(line -> line.contains(" " + name + " "))
                .findFirst()
                .map(line -> line.split("\\s{2,}")[column])
                .orElse("");
    }

    @Test
    void aManagerRestartedAfterACrashAdoptsItsContainers() throws IOException {
        Files.writeString(directory.resolve("fleet.yaml"), """
                name: shop
                services:
                  web:
                    command: [/bin/sh, -c, 'i=0; while sleep 0.02; do i=$((i+1)); echo "tick $i"; done']
                    readiness: {exec: ["true"], period: 100ms}
                """);
        try (ManagerProcess manager = new ManagerProcess(directory).awaitReady()) {
            Awaitility.await().until(() -> field(manager, "shop/web-1", 3).equals("ready"));
            String pid = field(manager, "shop/web-1", 6);
            manager.nucleus(
                    "run",
                    "-d",
                    "--name",
                    "brief",
                    "--",
                    "/bin/sh",
                    "-c",
                    "while [ ! -e /tmp/go ]; do sleep 0.01; done; exit 9");
            String brief = field(manager, "brief", 6);
            Path go = Path.of("/proc", brief, "root/tmp/go");

            Awaitility.await("the history database is opened in the background")
                    .until(() -> unpackedLibraries(directory).size() == 1);

            manager.kill();
            List<Path> ofTheKilled = unpackedLibraries(directory);
            Files.createFile(go);
            Awaitility.await("the short-lived container exits while no manager runs")
                    .until(() -> !Files.exists(Path.of("/proc", brief)));
            assertThat(Path.of("/proc", pid)).exists();
            manager.restart().awaitReady();

            Awaitility.await("the killed manager's library is deleted")
                    .untilAsserted(() -> assertThat(unpackedLibraries(directory))
                            .hasSize(1)
                            .doesNotContainAnyElementsOf(ofTheKilled));
            assertThat(field(manager, "shop/web-1", 6)).as("the same process").isEqualTo(pid);
            assertThat(field(manager, "shop/web-1", 4)).as("restarts").isEqualTo("0");
            Awaitility.await().until(() -> field(manager, "shop/web-1", 3).equals("ready"));
            assertThat(manager.nucleus("ps", "-a").out()).containsPattern("brief +stopped .*exit code 9");
            List<String> lines =
                    manager.nucleus("logs", "shop/web-1").out().lines().toList();
            for (int i = 0; i < lines.size(); i++) {
                assertThat(lines.get(i)).as("no log line was lost").isEqualTo("tick " + (i + 1));
            }
            assertThat(manager.nucleus("exec", "shop/web-1", "--", "echo", "fine")
                            .out())
                    .isEqualTo("fine\n");
            manager.nucleus("rm", "brief");
        }
    }

    private static String idOf(ManagerProcess manager, String name) {
        return manager.nucleus("ps", "-q")
                .out()
                .lines()
                .filter(id -> id.startsWith(field(manager, name, 0)))
                .findFirst()
                .orElseThrow();
    }

    /** Unpacked native libraries of SQLite, which a killed manager leaves behind. */
    private static List<Path> unpackedLibraries(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("state/bin"))) {
            return files.filter(file -> file.toString().endsWith("sqlitejdbc.so"))
                    .toList();
        }
    }

    @Test
    void aContainerThatFailedToStartKeepsItsExitCode() {
        try (ManagerProcess manager = new ManagerProcess(directory).awaitReady()) {
            manager.nucleus("create", "--name", "absent", "/nosuch");
            assertThat(manager.nucleus("start", "absent").code()).isEqualTo(125);
            manager.kill();
            manager.restart().awaitReady();

            assertThat(manager.nucleus("wait", "absent").out()).isEqualTo("127\n");
            manager.nucleus("rm", "absent");
        }
    }

    @Test
    void anUnreadableRecordIsRecoveredWithoutStartingADuplicate() throws IOException {
        Files.writeString(directory.resolve("fleet.yaml"), """
                name: shop
                services:
                  copied: {command: [/bin/sleep, "1000"]}
                  supervised: {command: [/bin/sleep, "1000"]}
                """);
        Path containers = directory.resolve("state/containers");
        try (ManagerProcess manager = new ManagerProcess(directory).awaitReady().awaitUp("shop")) {
            String copied = idOf(manager, "shop/copied-1");
            String supervised = idOf(manager, "shop/supervised-1");
            Path copy = containers.resolve(supervised).resolve("record.json");
            Awaitility.await("the second copy is written")
                    .until(() -> Files.exists(copy)
                            && Files.exists(containers.resolve(copied).resolve("plan.json")));
            List<String> before = List.of(field(manager, "shop/copied-1", 6), field(manager, "shop/supervised-1", 6));
            manager.kill();
            Files.writeString(containers.resolve(copied).resolve("state.json"), "");
            Files.writeString(
                    containers.resolve(supervised).resolve("state.json"), "{\"version\": 2, \"containers\": []}");
            Files.delete(copy);

            manager.restart().awaitReady().awaitUp("shop");

            assertThat(List.of(field(manager, "shop/copied-1", 6), field(manager, "shop/supervised-1", 6)))
                    .as("the same processes")
                    .isEqualTo(before);
            assertThat(manager.nucleus("ps", "-aq").out().lines()).containsExactlyInAnyOrder(copied, supervised);
            assertThat(manager.log())
                    .contains(copied
                            + "/state.json is empty; the record of 'shop/copied-1' was recovered from its second")
                    .contains("the record of 'shop/supervised-1' was recovered from its supervisor");
            assertThat(manager.nucleus("exec", "shop/supervised-1", "--", "echo", "fine")
                            .out())
                    .as("its socket is still there")
                    .isEqualTo("fine\n");
            assertThat(containers.resolve(copied).resolve("state.json")).isNotEmptyFile();
        }
    }

    /**
     * Such as one that is being launched or that an earlier version supervises: its shim listens, but can't return its
     * record.
     */
    @SuppressWarnings("try") // The channel is also closed inside its try block.
    @Test
    void anUnidentifiedContainerReservesEveryNameUntilItHasStopped() throws IOException {
        String id = ContainerId.next();
        Path state = directory.resolve("state");
        Path record = Files.createDirectories(state.resolve("containers").resolve(id));
        Path gone = Files.createDirectories(state.resolve("containers").resolve(ContainerId.next()));
        try (ServerSocketChannel shim = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            Path sockets = Files.createDirectories(directory.resolve("run/c"));
            for (Path path : List.of(state, state.resolve("containers"), sockets.getParent(), sockets)) {
                Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx------"));
            }
            shim.bind(UnixDomainSocketAddress.of(sockets.resolve(id)));
            Thread.ofVirtual().start(() -> closeEachConnection(shim));
            try (TestManager manager = TestManager.startWith(
                    List.of("--nucleus.state-dir=" + state, "--nucleus.run-dir=" + directory.resolve("run")))) {
                var order = LaunchOrder.detached(
                        Optional.of("web"), ContainerSpec.of(Mode.AGENT, List.of("/bin/sleep", "1000")));

                assertThat(manager.containers().all()).extracting(Container::id).containsExactly(id);
                assertThat(record).exists();
                assertThat(gone)
                        .as("nothing runs there, and the directory is empty")
                        .doesNotExist();
                assertThat(sockets.resolve(id))
                        .as("the only way to reach its shim")
                        .exists();
                assertThatThrownBy(() -> manager.containers().launch(order))
                        .isInstanceOf(InvalidSpecException.class)
                        .hasMessage("'web' may already run as " + id + ", whose record in " + record
                                + " can't be read; stop that first: nucleus stop " + id);
                assertThat(manager.sh("echo unnamed").out()).isEqualTo("unnamed\n");

                shim.close();

                Awaitility.await("its socket is closed and it has no processes")
                        .until(() -> manager.containers().find(id).isStopped());
                assertThat(manager.containers().launch(order).isRunning()).isTrue();
            }
        }
    }

    /** The manager was killed before the plan that it had sent was read: its successor would not know the container. */
    @Test
    void aLaunchIsAbandonedWhenItsManagerHasDisconnected() throws IOException {
        try (TestManager manager = TestManager.start()) {
            String spawner =
                    Long.toString(manager.spawner().process().orElseThrow().pid());
            LaunchPlan plan = manager.containers()
                    .plan(LaunchOrder.detached(ContainerSpec.of(Mode.AGENT, List.of("/bin/sleep", "1000"))));
            var record = new ContainerRecord(plan.id(), plan.name(), Instant.now(), null, false);
            ByteBuffer payload = PlanEncoder.encode(plan, ContainerStore.encode(record));
            ByteBuffer header = ByteBuffer.allocate(5)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(payload.remaining())
                    .put((byte) 1)
                    .flip();
            Path run = manager.directory().resolve("run");
            // Stopped before the connection is made: otherwise a shim might already have taken it over.
            Command.run("kill", "-s", "STOP", spawner);
            try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(run.resolve("spawner.sock")))) {
                try {
                    channel.write(header);
                    channel.write(payload);
                    channel.shutdownOutput();
                } finally {
                    Command.run("kill", "-s", "CONT", spawner);
                }

                assertThat(new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.ISO_8859_1))
                        .contains("the manager that requested the launch has disconnected");
            }
            assertThat(manager.state().resolve("containers").resolve(plan.id())).doesNotExist();
            assertThat(run.resolve("c").resolve(plan.id())).doesNotExist();
        }
    }

    private static void closeEachConnection(ServerSocketChannel listener) {
        try {
            while (true) {
                listener.accept().close();
            }
        } catch (IOException e) {
            // The test has closed the listener.
            return;
        }
    }

    @Test
    void containersOutliveAManagerRestartAndChangedServicesAreReplaced() throws Exception {
        Path file = directory.resolve("fleet.yaml");
        Files.writeString(
                file,
                "name: shop\nservices:\n  web: {command: [/bin/sleep, \"1000\"]}\n  old: {command: [/bin/sleep, \"1000\"]}\n");
        try (ManagerProcess manager = new ManagerProcess(directory).awaitReady()) {
            Awaitility.await()
                    .until(() -> field(manager, "shop/web-1", 3).equals("running")
                            && field(manager, "shop/old-1", 3).equals("running"));
            String web = field(manager, "shop/web-1", 6);
            String old = field(manager, "shop/old-1", 6);
            manager.process().destroy();
            assertThat(manager.process().waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(Path.of("/proc", web)).exists();

            Files.writeString(file, "name: shop\nservices:\n  web: {command: [/bin/sleep, \"2000\"]}\n");
            manager.restart().awaitReady();

            Awaitility.await().until(() -> field(manager, "shop/web-1", 3).equals("running"));
            assertThat(field(manager, "shop/web-1", 6)).isNotEqualTo(web);
            assertThat(field(manager, "shop/web-1", 7)).isEqualTo("/bin/sleep 2000");
            assertThat(Path.of("/proc", web)).doesNotExist();
            assertThat(Path.of("/proc", old)).as("a removed service is stopped").doesNotExist();
            assertThat(manager.nucleus("ps", "-a").out()).doesNotContain("shop/old");
        }
    }

    @Test
    void aChangedSecretReplacesItsContainerAndAnEmptyFolderRemovesNothing() throws Exception {
        Path folder = Files.createDirectory(directory.resolve("fleet.yaml"));
        Path file = folder.resolve("shop.yaml");
        Files.writeString(folder.resolve("web.key"), "first");
        Files.writeString(folder.resolve("db.key"), "first");
        Files.writeString(file, """
                name: shop
                services:
                  web: {command: [/bin/sleep, "1000"], secrets: ["web.key:key"]}
                  db: {command: [/bin/sleep, "1000"], secrets: ["db.key:key"]}
                """);
        try (ManagerProcess manager = new ManagerProcess(directory).awaitReady()) {
            String web = awaitPid(manager, "shop/web-1", "");
            String db = awaitPid(manager, "shop/db-1", "");
            stop(manager);
            Files.writeString(folder.resolve("web.key"), "other");
            manager.restart().awaitReady();

            String next = awaitPid(manager, "shop/web-1", web);
            assertThat(Path.of("/proc", web)).doesNotExist();
            assertThat(manager.nucleus("exec", "shop/web-1", "--", "cat", "/run/secrets/key")
                            .out())
                    .isEqualTo("other");
            assertThat(awaitPid(manager, "shop/db-1", ""))
                    .as("its secret is unchanged")
                    .isEqualTo(db);
            assertThat(manager.log()).contains("changed since it was launched: " + folder.resolve("web.key"));

            stop(manager);
            Files.move(file, folder.resolve(".shop.yaml"));
            manager.restart().awaitReady();

            assertThat(Path.of("/proc", next)).exists();
            assertThat(Path.of("/proc", db)).exists();
            assertThat(manager.log())
                    .contains("no fleet is declared (" + folder + " contains no fleet file)")
                    .contains("keep running without supervision: shop/db-1, shop/web-1");
            assertThat(manager.nucleus("stop", "shop/web-1", "shop/db-1").code())
                    .isZero();
            assertThat(Path.of("/proc", next)).doesNotExist();
        }
    }

    /** @param other the PID that it must not have */
    private static String awaitPid(ManagerProcess manager, String name, String other) {
        return Awaitility.await(name + " runs")
                .until(() -> field(manager, name, 6), pid -> pid.matches("\\d+") && !pid.equals(other));
    }

    private static void stop(ManagerProcess manager) throws InterruptedException {
        manager.process().destroy();
        assertThat(manager.process().waitFor(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void anInvalidFleetFileStartsNothingAndTheManagerExitsWithCode2() throws Exception {
        Files.writeString(directory.resolve("fleet.yaml"), "name: shop\nservices:\n  web: {comand: [/w], memory: x}\n");

        ManagerProcess manager = new ManagerProcess(directory);

        assertThat(manager.process().waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(manager.process().exitValue()).isEqualTo(2);
        assertThat(manager.log())
                .contains("fleet.yaml:3:9: unknown field 'comand'; did you mean 'command'?")
                .contains("fleet.yaml:3:31: 'x' is not a size")
                .contains("nothing was started")
                .doesNotContain("at dev.nucleus");
        assertThat(directory.resolve("run/spawner.sock")).doesNotExist();
    }

    @Test
    void twoManagersRunSideBySideButNotInOneDirectory(@TempDir Path other) throws Exception {
        try (ManagerProcess first = new ManagerProcess(directory).awaitReady();
                ManagerProcess second = new ManagerProcess(other).awaitReady()) {
            assertThat(first.nucleus("run", "-d", "--name", "twin", "--", "/bin/sleep", "1000")
                            .code())
                    .isZero();
            assertThat(second.nucleus("run", "-d", "--name", "twin", "--", "/bin/sleep", "1000")
                            .code())
                    .isZero();
            assertThat(first.nucleus("ps", "-q").out())
                    .isNotEqualTo(second.nucleus("ps", "-q").out());

            ManagerProcess intruder = new ManagerProcess(directory);

            assertThat(intruder.process().waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(intruder.process().exitValue()).isNotZero();
            assertThat(first.log())
                    .contains("another manager uses " + directory.resolve("state") + "; nothing was started");
            assertThat(first.nucleus("run", "--", "/bin/echo", "unharmed").out())
                    .isEqualTo("unharmed\n");
        }
    }
}
