package dev.nucleus.history;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.support.Remains;
import dev.nucleus.support.Requires;
import dev.nucleus.support.RunsConcurrently;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** History in a real PostgreSQL server, Debian's, which is down for a while. */
@Tag("isolation")
@RunsConcurrently
class HistoryPostgresTest {

    private static final Path BIN = Path.of("/usr/lib/postgresql/15/bin");

    private static final String FLEET = """
            name: shop
            services:
              web: {command: [/bin/sleep, "1000"]}
            """;

    @BeforeAll
    static void root() {
        Requires.root();
    }

    private static Process asPostgres(String... command) throws IOException {
        var whole = new ArrayList<>(List.of("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"));
        whole.addAll(List.of(command));
        return new ProcessBuilder(whole)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private static Process server(Path data, int port) throws IOException {
        return asPostgres(
                BIN.resolve("postgres").toString(),
                "-D",
                data.toString(),
                "-p",
                Integer.toString(port),
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=");
    }

    @Test
    void historyInPostgresqlCatchesUpAfterAnOutage() throws Exception {
        Path directory = Files.createTempDirectory("nucleus-postgres-");
        Files.setAttribute(directory, "unix:mode", 0755);
        Path data = Files.createDirectory(directory.resolve("data"));
        Files.setAttribute(data, "unix:mode", 0700);
        Process chown = new ProcessBuilder("chown", "postgres:postgres", data.toString()).start();
        assertThat(chown.waitFor()).isZero();
        Process init = asPostgres(
                BIN.resolve("initdb").toString(), "-D", data.toString(), "-A", "trust", "-U", "postgres", "--no-sync");
        assertThat(init.waitFor()).isZero();
        int port;
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        Process server = server(data, port);
        try (TestManager manager = TestManager.start(
                FLEET,
                List.of(
                        "--nucleus.history.url=jdbc:postgresql://127.0.0.1:" + port + "/postgres?connectTimeout=2",
                        "--nucleus.history.username=postgres"))) {
            History history = manager.bean(History.class);
            manager.await("shop/web-1", ReplicaStatus.RUNNING);
            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> kept(history).size() == 2);

            end(server);
            manager.fleets().stopReplica("shop/web-1");
            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> history.problem().isPresent());
            assertThat(manager.get("/actuator/health").statusCode()).isEqualTo(200);

            server = server(data, port);
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> history.problem().isEmpty() && kept(history).size() == 3);
            assertThat(kept(history).getFirst().transition().to()).isEqualTo(ReplicaStatus.STOPPED);
        } finally {
            end(server);
            Remains.delete(directory);
        }
    }

    /** Fast shutdown: SIGTERM would wait for the manager's connections to be closed. */
    private static void end(Process server) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-INT", Long.toString(server.pid())).start().waitFor();
        server.waitFor();
    }

    private static List<Entry> kept(History history) {
        return history.before("shop", "web", 1, Instant.now().plusSeconds(60), 1_000);
    }
}
