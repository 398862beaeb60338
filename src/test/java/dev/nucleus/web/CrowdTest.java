package dev.nucleus.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.container.Container;
import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.shim.ShimConnection;
import dev.nucleus.shim.ShimMessage;
import dev.nucleus.support.TestManager;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A container with many viewers. */
@Tag("isolation")
class CrowdTest {

    private static final int READERS = 300;
    private static final int SESSIONS = 64;
    private static final Duration IN_TIME = Duration.ofSeconds(30);
    private static final String FLEET = """
            name: shop
            services:
              web:
                command: [/bin/sh, -c, 'i=0; while sleep 0.5; do i=$((i+1)); echo "tick $i"; done']
                readiness: {exec: [/bin/true], period: 500ms, timeout: 20s}
            """;

    /** Requests events and reads none of them. */
    private static Socket events(TestManager manager, String of) throws IOException {
        var socket = new Socket("127.0.0.1", manager.port());
        socket.setSoTimeout((int) IN_TIME.toMillis());
        socket.getOutputStream()
                .write(("GET /events?of=" + of + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    /** Reads lines up to one that contains a text. */
    private static List<String> until(Socket socket, String text) throws IOException {
        var reader = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        var lines = new ArrayList<String>();
        while (lines.stream().noneMatch(line -> line.contains(text))) {
            String line = reader.readLine();
            if (line == null) {
                throw new AssertionError("the response ends before '" + text + "': " + lines);
            }
            lines.add(line);
        }
        return lines;
    }

    @Test
    void threeHundredReadersAndAllSessionsDelayNeitherProbesNorOperators() throws Exception {
        try (TestManager manager = TestManager.start(FLEET)) {
            manager.await("shop/web-1", ReplicaStatus.READY);
            Container container = manager.containerOf("shop/web-1");
            var open = new ArrayList<AutoCloseable>();
            try {
                for (int i = 0; i < READERS; i++) {
                    open.add(events(manager, "shop/web-1"));
                }
                for (int i = 0; i < SESSIONS; i++) {
                    ShimConnection session =
                            container.shim().exec(List.of("/bin/sleep", "1000"), "", List.of(), Optional.empty());
                    open.add(session);
                    assertThat(session.receive().orElseThrow()).isInstanceOf(ShimMessage.ExecStarted.class);
                }

                Instant crowded = Instant.now();
                Awaitility.await("probes continue")
                        .atMost(IN_TIME)
                        .until(() -> manager.replica("shop/web-1").probeResults().stream()
                                        .filter(answer -> answer.at().isAfter(crowded) && answer.success())
                                        .count()
                                >= 3);
                assertThat(manager.replica("shop/web-1").status()).isEqualTo(ReplicaStatus.READY);
                assertThat(container
                                .shim()
                                .capture(List.of("/bin/echo", "well"), IN_TIME)
                                .output())
                        .isEqualTo("well\n");
                try (Socket another = events(manager, "shop/web-1")) {
                    assertThat(until(another, "tick 3").getFirst()).startsWith("HTTP/1.1 200");
                }
                assertThat(manager.nucleus("ps").out()).contains("shop/web-1");
                var refused = manager.nucleus("exec", "-n", "shop/web-1", "--", "/bin/true");
                assertThat(refused.code()).isNotZero();
                assertThat(refused.err()).contains("too many sessions in the container");
                long begun = System.nanoTime();
                assertThat(manager.nucleus("stop", "--grace", "0s", "shop/web-1")
                                .code())
                        .isZero();
                assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(IN_TIME);
            } finally {
                for (AutoCloseable closeable : open) {
                    closeable.close();
                }
            }
        }
    }

    @Test
    void pagesBeyondTheLimitAreToldToRetryLater() throws Exception {
        try (TestManager manager = TestManager.start(FLEET)) {
            manager.await("shop/web-1", ReplicaStatus.READY);
            var open = new ArrayList<Socket>();
            try {
                for (int i = 0; i < LiveEvents.MAX_VIEWERS_OF_ONE; i++) {
                    Socket page = events(manager, "nobody");
                    open.add(page);
                    assertThat(until(page, "HTTP/1.1").getFirst()).startsWith("HTTP/1.1 200");
                }

                try (Socket late = events(manager, "nobody");
                        Socket other = events(manager, "shop/web-1")) {
                    List<String> refusal = until(late, "Retry-After");
                    assertThat(refusal.getFirst()).startsWith("HTTP/1.1 503");
                    assertThat(until(other, "tick").getFirst())
                            .as("another container has a limit of its own")
                            .startsWith("HTTP/1.1 200");
                }
                assertThat(manager.get("/actuator/health/shop").statusCode()).isEqualTo(200);
                assertThat(manager.nucleus("ps").code()).isZero();
            } finally {
                for (Socket page : open) {
                    page.close();
                }
            }
        }
    }
}
