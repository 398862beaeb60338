package dev.nucleus.integration;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.spec.Signal;
import dev.nucleus.support.Requires;
import dev.nucleus.support.RunsConcurrently;
import dev.nucleus.support.TestManager;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.availability.LivenessState;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a manager with real containers reports to external systems. */
@Tag("isolation")
@RunsConcurrently
class IntegrationTest {

    private static final String FLEET = """
            name: shop
            services:
              web:
                command: [/bin/sleep, "1000"]
                restart: {policy: always, backoff: {from: 50ms}}
              migrate: {command: [/bin/true], job: true}
            health: {traffic: [web]}
            """;

    @BeforeAll
    static void root() {
        Requires.root();
    }

    /** Collects the datagrams that a socket receives, with their line breaks as bars. */
    private static Process receiver(Path socket, List<String> lines) throws IOException {
        Process python = new ProcessBuilder(
                        "python3",
                        "-u",
                        "-c",
                        "import socket, sys\n"
                                + "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
                                + "s.bind(sys.argv[1])\n"
                                + "print('listens')\n"
                                + "while True: print(s.recv(65536).decode().replace('\\n', '|'))\n",
                        socket.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader reader = python.inputReader();
        assertThat(reader.readLine()).isEqualTo("listens");
        Thread.ofVirtual().start(() -> reader.lines().forEach(lines::add));
        return python;
    }

    @Test
    void systemdGetsReadinessStatusAndWatchdogMessages(@TempDir Path directory) throws Exception {
        var lines = new CopyOnWriteArrayList<String>();
        Process receiver = receiver(directory.resolve("notify"), lines);
        try {
            try (TestManager manager = TestManager.start(
                    FLEET,
                    List.of(
                            "--nucleus.systemd.notify-socket=" + directory.resolve("notify"),
                            "--nucleus.systemd.watchdog-micros=200000"))) {
                Awaitility.await().until(() -> !lines.isEmpty());
                assertThat(lines.getFirst()).as("the first message").startsWith("READY=1|STATUS=");
                manager.await("shop/web-1", ReplicaStatus.RUNNING);
                Awaitility.await().until(() -> lines.stream().anyMatch(line -> line.contains("STATUS=1 of 1 running")));
                Awaitility.await()
                        .until(() -> lines.stream().filter("WATCHDOG=1"::equals).count() > 3);
            }
            Awaitility.await().until(() -> lines.stream().anyMatch(line -> line.startsWith("STOPPING=1")));
        } finally {
            receiver.destroyForcibly().waitFor();
        }
    }

    private static HttpServer server(List<String> requests, AtomicInteger refusals) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            boolean refuse = refusals.getAndDecrement() > 0;
            if (!refuse) {
                requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " " + body);
            }
            byte[] answer = "{\"id\":\"1\"}".getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(refuse ? 500 : 201, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
        return server;
    }

    private static String url(HttpServer server) {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    @Test
    void eachNonJobServiceIsASpringBootAdminInstance() throws Exception {
        var requests = new CopyOnWriteArrayList<String>();
        HttpServer server = server(requests, new AtomicInteger());
        try (TestManager manager = TestManager.start(FLEET, List.of("--nucleus.boot-admin.url=" + url(server) + "/"))) {
            manager.await("shop/web-1", ReplicaStatus.RUNNING);
            Awaitility.await().until(() -> !requests.isEmpty());

            assertThat(requests.getFirst()).startsWith("POST /instances ");
            JsonNode instance =
                    JsonMapper.shared().readTree(requests.getFirst().substring("POST /instances ".length()));
            assertThat(instance.path("name").asString()).isEqualTo("shop-web");
            assertThat(instance.path("healthUrl").asString()).endsWith("/actuator/health/shop-web");
            assertThat(instance.path("metadata").path("fleet").asString()).isEqualTo("shop");
            assertThat(requests).as("not the job").noneMatch(request -> request.contains("migrate"));
            String health = instance.path("healthUrl").asString();
            assertThat(manager.get(health.substring(health.indexOf("/actuator")))
                            .statusCode())
                    .isEqualTo(200);
        } finally {
            server.stop(0);
        }
    }

    @Test
    void aWebhookReceivesItsSelectedEventsEvenIfTheFirstAttemptFails() throws Exception {
        var requests = new CopyOnWriteArrayList<String>();
        HttpServer server = server(requests, new AtomicInteger(1));
        try (TestManager manager = TestManager.start(
                FLEET,
                List.of(
                        "--nucleus.notify.webhooks[0].url=" + url(server) + "/hook",
                        "--nucleus.notify.webhooks[0].on=down,recovered"))) {
            manager.await("shop/web-1", ReplicaStatus.RUNNING);
            manager.containerOf("shop/web-1").shim().signal(Signal.KILL);

            Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> requests.size() == 2);
            assertThat(requests)
                    .anySatisfy(request -> assertThat(request)
                            .startsWith("POST /hook ")
                            .contains("\"kind\":\"down\"")
                            .contains("\"text\":\"shop/web-1 is crashed: killed by SIGKILL"))
                    .anySatisfy(request -> assertThat(request).contains("\"kind\":\"recovered\""));

            manager.await("shop/web-1", ReplicaStatus.RUNNING);
            manager.containerOf("shop/web-1").shim().signal(Signal.KILL);
            Awaitility.await().until(() -> manager.replica("shop/web-1").restarts() == 2);
            manager.await("shop/web-1", ReplicaStatus.RUNNING);
            Awaitility.await().during(Duration.ofMillis(300)).until(() -> requests.size() == 2);
        } finally {
            server.stop(0);
        }
    }

    @Test
    void aLongUnreadyReplicaAndItsDependentsAreReportedOnce() throws Exception {
        var requests = new CopyOnWriteArrayList<String>();
        HttpServer server = server(requests, new AtomicInteger());
        try (TestManager manager = TestManager.start(
                """
                        name: shop
                        services:
                          web:
                            command: [/bin/sleep, "1000"]
                            readiness: {exec: [test, -e, /tmp/ready], period: 50ms}
                          worker: {command: [/bin/sleep, "1000"], depends-on: {web: healthy}}
                        """,
                List.of(
                        "--nucleus.notify.webhooks[0].url=" + url(server) + "/hook",
                        "--nucleus.notify.webhooks[0].body={\"content\": \"{kind} {about}: {text}\"}",
                        "--nucleus.notify.lasting=300ms"))) {
            Awaitility.await().until(() -> requests.size() == 2);

            assertThat(requests)
                    .anySatisfy(request -> assertThat(request)
                            .startsWith("POST /hook {\"content\": \"not-ready shop/web-1: shop/web-1 has not been ready"
                                    + " for 300ms: "))
                    .anySatisfy(request -> assertThat(request)
                            .contains(
                                    "waiting shop/worker-1: shop/worker-1 has not started for 300ms: waiting for web"));

            manager.containerOf("shop/web-1").shim().capture(List.of("touch", "/tmp/ready"), Duration.ofSeconds(5));
            Awaitility.await()
                    .untilAsserted(
                            () -> assertThat(requests).anyMatch(request -> request.contains("recovered shop/web-1")));
        } finally {
            server.stop(0);
        }
    }

    @Test
    void notificationsAreSentByMailAndToTheJournal(@TempDir Path directory) throws Exception {
        var entries = new CopyOnWriteArrayList<String>();
        Process journal = receiver(directory.resolve("journal"), entries);
        int port;
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        Path mails = directory.resolve("mails");
        Process smtp = new ProcessBuilder(
                        "python3",
                        "-W",
                        "ignore",
                        "-u",
                        "-m",
                        "smtpd",
                        "-n",
                        "-c",
                        "DebuggingServer",
                        "127.0.0.1:" + port)
                .redirectErrorStream(true)
                .redirectOutput(mails.toFile())
                .start();
        try (TestManager manager = TestManager.start(
                FLEET,
                List.of(
                        "--spring.mail.host=127.0.0.1",
                        "--spring.mail.port=" + port,
                        "--nucleus.notify.mail.from=nucleus@example.org",
                        "--nucleus.notify.mail.to=ops@example.org",
                        "--nucleus.notify.mail.on=down"))) {
            manager.await("shop/web-1", ReplicaStatus.RUNNING);
            manager.containerOf("shop/web-1").shim().signal(Signal.KILL);
            Awaitility.await()
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> Files.readString(mails).contains("Subject: [nucleus] down: shop/web-1"));
            assertThat(Files.readString(mails)).contains("shop/web-1 is crashed: killed by SIGKILL");

            new JournalSender(directory.resolve("journal").toString())
                    .send(new Notification(
                            Notification.Kind.DOWN,
                            Instant.now(),
                            "shop/web-1",
                            "crashed",
                            "exit code 1\nPRIORITY=7",
                            "shop/web-1 is crashed"));
            Awaitility.await().until(() -> !entries.isEmpty());
            assertThat(entries.getFirst())
                    .startsWith("MESSAGE=shop/web-1 is crashed|PRIORITY=3|SYSLOG_IDENTIFIER=nucleus|NUCLEUS_KIND=down|")
                    .as("no field forged by the workload")
                    .contains("NUCLEUS_CAUSE=exit code 1 PRIORITY=7|");
        } finally {
            smtp.destroyForcibly().waitFor();
            journal.destroyForcibly().waitFor();
        }
    }

    @Test
    void actuatorDescribesTheHostAndTheFleets() {
        try (TestManager manager = TestManager.start(FLEET)) {
            manager.await("shop/web-1", ReplicaStatus.RUNNING);

            JsonNode host = JsonMapper.shared()
                    .readTree(manager.get("/actuator/info").body())
                    .path("host");
            assertThat(host.path("kernel").asString()).isNotEmpty();
            assertThat(host.path("landlockAbi").asInt()).isPositive();
            assertThat(host.path("cgroups").asString()).startsWith("version ");

            JsonNode fleet = JsonMapper.shared()
                    .readTree(manager.get("/actuator/fleets/shop").body());
            assertThat(fleet.path("name").asString()).isEqualTo("shop");
            assertThat(fleet.toString()).contains("\"RUNNING\"");
            assertThat(manager.get("/actuator/fleets").body()).contains("shop/web-1");
            assertThat(manager.get("/actuator/fleets/nosuch").statusCode()).isEqualTo(404);
            assertThat(manager.bean(ApplicationAvailability.class).getLivenessState())
                    .isEqualTo(LivenessState.CORRECT);
        }
    }
}
