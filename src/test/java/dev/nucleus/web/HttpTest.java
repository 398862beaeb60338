package dev.nucleus.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pages and endpoints over HTTP, and requests that are refused. */
@Tag("isolation")
class HttpTest {

    @SharedManager(fleet = """
                name: shop
                services:
                  web:
                    command: [/bin/sh, -c, 'i=0; while sleep 0.05; do i=$((i+1)); echo "<b>tick</b> $i"; done']
                    environment: {TOKEN: hunter2}
                  evil:
                    command: [/bin/sh, -c, 'echo "<script>alert(1)</script>"; exec sleep 1000']
                """)
    private static TestManager manager;

    @BeforeAll
    static void start() {
        manager.await("shop/web-1", ReplicaStatus.RUNNING);
        manager.await("shop/evil-1", ReplicaStatus.RUNNING);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/fleets/shop/web-1",
                "/actuator/health",
                "/actuator/health/liveness",
                "/actuator/health/readiness",
                "/actuator/health/shop",
                "/actuator/health/fleets",
                "/actuator/health/fleets/shop",
                "/livez",
                "/readyz",
                "/actuator/info",
                "/actuator/metrics",
                "/fragments/fleets",
                "/nucleus.css",
                "/webjars/htmx.org/dist/htmx.min.js"
            })
    void pagesAndEndpointsAnswer(String path) {
        assertThat(manager.get(path).statusCode()).isEqualTo(200);
    }

    /** A load balancer that accepts no JSON must not take 406 for a failure. */
    @ParameterizedTest
    @CsvSource({
        "/actuator/health, text/plain",
        "/actuator/health/shop, text/plain",
        "/actuator/health/fleets/shop, text/*",
        "/livez, text/plain",
        "/readyz, 'text/plain, text/html;q=0.5'",
        "/livez, 'text/plain, application/foo+json'",
        "/livez, 'text/plain, application/json;q=0'",
        "/livez, 'text/plain, application/*;q=0, */*;q=0.1'"
    })
    void healthIsOneWordForAClientThatAcceptsText(String path, String accept) throws Exception {
        assertThat(raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: " + accept
                        + "\r\n\r\n"))
                .startsWith("HTTP/1.1 200")
                .contains("Content-Type: text/plain;charset=UTF-8")
                .containsPattern("\r\n\r\n(3\r\n)?UP\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "*/*",
                "application/json",
                "text/plain, application/json",
                "text/plain, */*;q=0.1",
                "text/plain;q=0, text/*, application/json;q=0.5"
            })
    void healthIsJsonForAClientThatAcceptsIt(String accept) throws Exception {
        assertThat(raw("GET /actuator/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: " + accept
                        + "\r\n\r\n"))
                .contains("\"status\":\"UP\"");
    }

    @Test
    void fleetsAreInTheListOfHealthGroups() {
        assertThat(manager.get("/actuator/health").body()).contains("\"groups\":[\"liveness\",\"readiness\",\"shop\"]");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/containers/nosuch",
                "/fleets/shop/nosuch-1",
                "/nosuch",
                "/actuator/health/nosuch",
                "/actuator/env",
                "/actuator/heapdump",
                "/actuator/shutdown"
            })
    void missingPagesAndDisabledEndpointsAreNotFound(String path) {
        assertThat(manager.get(path).statusCode()).isEqualTo(404);
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"})
    void onlyReadMethodsAreAllowed(String method) throws Exception {
        assertThat(raw(method + " / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))
                .startsWith("HTTP/1.1 405");
    }

    @ParameterizedTest
    @ValueSource(strings = {"evil.example", "evil.example:8080", "127.0.0.1.evil.example", "0.0.0.0"})
    void requestsWithAForeignHostAreRefused(String host) throws Exception {
        assertThat(raw("GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 421");
        assertThat(raw("GET /livez HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\nAccept: text/plain\r\n\r\n"))
                .startsWith("HTTP/1.1 421");
    }

    private static String raw(String request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", manager.port())) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void pagesHaveSecurityHeaders() {
        var headers = manager.get("/").headers();

        assertThat(headers.firstValue("Content-Security-Policy").orElseThrow())
                .contains("default-src 'none'")
                .contains("frame-ancestors 'none'")
                .doesNotContain("unsafe");
        assertThat(headers.firstValue("X-Content-Type-Options")).contains("nosniff");
        assertThat(headers.firstValue("Server")).isEmpty();
    }

    @Test
    void outputOfAWorkloadIsEscapedInPages() {
        String page = manager.get("/fleets/shop/evil-1").body();

        assertThat(page).doesNotContain("<script>alert(1)").contains("&lt;script&gt;alert(1)");
    }

    @Test
    void environmentValuesAreNeitherOnPagesNorInRecords() throws IOException {
        String id = manager.containerOf("shop/web-1").id();
        for (String path : List.of("/", "/fleets/shop/web-1", "/containers/" + id, "/actuator/health")) {
            assertThat(manager.get(path).body()).doesNotContain("hunter2");
        }
        try (Stream<Path> files =
                Files.list(manager.state().resolve("containers").resolve(id))) {
            for (var file : files.filter(Files::isRegularFile).toList()) {
                assertThat(Files.readString(file)).as(file.toString()).doesNotContain("hunter2");
            }
        }
    }

    private static List<String> events(String path, String lastEventId, int logLines) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(manager.url(path)));
        if (!lastEventId.isEmpty()) {
            request.header("Last-Event-ID", lastEventId);
        }
        var lines = new ArrayList<String>();
        try (HttpClient client = HttpClient.newHttpClient()) {
            InputStream body = client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream())
                    .body();
            try (var reader = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8))) {
                int seen = 0;
                while (seen < logLines) {
                    String line = reader.readLine();
                    lines.add(line);
                    seen += line.contains("log-line") ? 1 : 0;
                }
            }
            client.shutdownNow();
        }
        return lines;
    }

    private static List<Integer> ticks(List<String> lines) {
        return lines.stream()
                .filter(line -> line.contains("log-line"))
                .map(line -> Integer.parseInt(line.replaceAll(".*tick&lt;/b&gt; (\\d+).*", "$1")))
                .toList();
    }

    @Test
    void aLiveLogIsResumedWithoutAGap() throws Exception {
        List<String> first = events("/events?of=shop/web-1", "", 10);
        String last = first.stream()
                .filter(line -> line.startsWith("id:"))
                .reduce((a, b) -> b)
                .orElseThrow()
                .substring(3);

        List<String> second = events("/events?of=shop/web-1", last, 10);

        List<Integer> all = new ArrayList<>(ticks(first));
        all.addAll(ticks(second));
        assertThat(all).hasSize(20);
        for (int i = 1; i < all.size(); i++) {
            assertThat(all.get(i)).isEqualTo(all.get(i - 1) + 1);
        }
    }

    @Test
    void liveEventsContinueWhereThePagesLogEnds() throws Exception {
        String page = Awaitility.await()
                .until(() -> manager.get("/fleets/shop/web-1").body(), body -> body.contains("tick&lt;/b&gt; "));
        String connect =
                page.replaceAll("(?s).*sse-connect=\"([^\"]+)\".*", "$1").replace("&amp;", "&");
        int shown = Integer.parseInt(page.replaceAll("(?s).*tick&lt;/b&gt; (\\d+).*", "$1"));

        assertThat(ticks(events(connect, "", 3))).containsExactly(shown + 1, shown + 2, shown + 3);
    }

    @Test
    void everyPageReceivesAChange() throws Exception {
        var heard = new CompletableFuture<String>();
        try (HttpClient client = HttpClient.newHttpClient()) {
            InputStream body = client.send(
                            HttpRequest.newBuilder(URI.create(manager.url("/events")))
                                    .build(),
                            HttpResponse.BodyHandlers.ofInputStream())
                    .body();
            Thread.ofVirtual().start(() -> {
                try (var reader = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8))) {
                    int changes = 0;
                    while (changes < 2) {
                        changes += reader.readLine().equals("event:changed") ? 1 : 0;
                    }
                    heard.complete("changed");
                } catch (IOException e) {
                    heard.completeExceptionally(e);
                }
            });
            manager.sh("true");

            assertThat(heard.get(10, TimeUnit.SECONDS)).isEqualTo("changed");
            client.shutdownNow();
        }
    }
}
