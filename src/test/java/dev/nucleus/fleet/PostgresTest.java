package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.container.Container;
import dev.nucleus.spec.Port;
import dev.nucleus.support.Requires;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Debian's PostgreSQL as a service: its own user, a persistent volume, health, a crash, and its data afterwards. */
@Tag("isolation")
class PostgresTest {

    private static final String BIN = "/usr/lib/postgresql/15/bin/";

    private static final String FLEET = """
            name: shop
            volumes: {data: }
            services:
              init:
                command: [/bin/sh, -c, 'test -e /data/PG_VERSION || %1$sinitdb -D /data -A trust -U postgres --no-sync']
                job: true
                user: "26001:26001"
                volumes: ["data:/data"]
                seccomp: database
                memory: 512M
              db:
                command: [%1$spostgres, -D, /data, -k, /tmp, -c, listen_addresses=127.0.0.1, -c, fsync=on]
                user: "26001:26001"
                volumes: ["data:/data"]
                seccomp: database
                memory: 512M
                cpus: 2
                depends-on: {init: completed}
                readiness: {exec: [%1$spg_isready, -h, /tmp, -U, postgres], period: 200ms, timeout: 5s}
                liveness: {tcp: 5432, period: 2s, initial-delay: 5s}
                restart: {policy: always, backoff: {from: 500ms}}
                stop: {signal: INT, grace: 30s}
            """.formatted(BIN);

    /** Forwards connections of the host's tools to the port in the container, through the shim. */
    private record Gate(ServerSocket server, Container container) implements AutoCloseable {

        static Gate open(Container container) throws IOException {
            var gate = new Gate(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), container);
            Thread.ofVirtual().start(gate::accept);
            return gate;
        }

        private void accept() {
            while (true) {
                try {
                    Socket outside = server.accept();
                    SocketChannel inside = container.shim().dial(new Port(5432), Duration.ofSeconds(5));
                    Thread.ofVirtual().start(() -> carry(outside, inside));
                } catch (IOException e) {
                    return;
                }
            }
        }

        private static void carry(Socket outside, SocketChannel inside) {
            Thread back = Thread.ofVirtual().start(() -> {
                try {
                    Channels.newInputStream(inside).transferTo(outside.getOutputStream());
                    outside.shutdownOutput();
                } catch (IOException e) {
                    // One side is closed, so the other is too.
                    return;
                }
            });
            try (outside;
                    inside) {
                outside.getInputStream().transferTo(Channels.newOutputStream(inside));
                inside.shutdownOutput();
                back.join();
            } catch (IOException e) {
                return;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        String run(String... command) throws IOException, InterruptedException {
            var whole = new ArrayList<>(List.of(command));
            whole.addAll(
                    1, List.of("-h", "127.0.0.1", "-p", Integer.toString(server.getLocalPort()), "-U", "postgres"));
            Process process =
                    new ProcessBuilder(whole).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as("%s%n%s", whole, output).isZero();
            return output;
        }

        @Override
        public void close() throws IOException {
            server.close();
        }
    }

    @Test
    void aDatabaseSurvivesTheDeathOfItsPostmaster() throws Exception {
        Requires.root();
        Requires.program(BIN + "postgres", "postgresql-15");
        Requires.program(BIN + "pgbench", "postgresql-15");
        try (TestManager manager = TestManager.start(FLEET)) {
            manager.await("shop/db-1", ReplicaStatus.READY);
            assertThat(manager.get("/actuator/health/shop").statusCode()).isEqualTo(200);
            assertThat(manager.get("/actuator/health/shop/db").body()).contains("\"UP\"");
            Container first = manager.containerOf("shop/db-1");
            try (Gate gate = Gate.open(first)) {
                gate.run(BIN + "pgbench", "-i", "-s", "2", "-q", "postgres");
                assertThat(gate.run(BIN + "psql", "-Atc", "select count(*) from pgbench_accounts", "postgres"))
                        .isEqualTo("200000\n");
                assertThat(gate.run(BIN + "pgbench", "-c", "4", "-t", "50", "postgres"))
                        .contains("number of transactions actually processed: 200/200");
            }

            long postmaster = ProcessHandle.of(
                            first.whileRunning().orElseThrow().pid())
                    .flatMap(init -> init.children().findFirst())
                    .orElseThrow()
                    .pid();
            assertThat(Path.of("/proc", Long.toString(postmaster), "exe")
                            .toRealPath()
                            .toString())
                    .endsWith("postgres");
            ProcessHandle.of(postmaster).orElseThrow().destroyForcibly();

            Awaitility.await("Actuator reports DOWN")
                    .pollInterval(Duration.ofMillis(2))
                    .until(() -> manager.get("/actuator/health/shop/db").body().contains("\"DOWN\""));
            assertThat(manager.get("/actuator/health/shop").statusCode()).isEqualTo(503);
            Awaitility.await("the fleet is UP again")
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> manager.get("/actuator/health/shop").statusCode() == 200);
            assertThat(manager.replica("shop/db-1").restarts()).isEqualTo(1);
            assertThat(manager.replica("shop/db-1").history())
                    .extracting(Transition::cause)
                    .anyMatch(cause -> cause.startsWith("killed by SIGKILL"));
            Container second = manager.containerOf("shop/db-1");
            assertThat(second.id()).isNotEqualTo(first.id());
            try (Gate gate = Gate.open(second)) {
                assertThat(gate.run(BIN + "psql", "-Atc", "select count(*) from pgbench_accounts", "postgres"))
                        .isEqualTo("200000\n");
                assertThat(gate.run(BIN + "psql", "-Atc", "select count(*) from pgbench_history", "postgres"))
                        .isEqualTo("200\n");
            }
            manager.fleets().stopReplica("shop/db-1");
            assertThat(second.log().tail(20).lines())
                    .extracting(line -> line.text())
                    .anyMatch(text -> text.contains("database system is shut down"));
        }
    }
}
