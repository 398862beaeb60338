package dev.nucleus.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.NetworkNamespace;
import dev.nucleus.support.Requires;
import dev.nucleus.support.RunsConcurrently;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Fleets whose services reach each other and are reached, in network namespaces of the tests. */
@Tag("isolation")
@RunsConcurrently
class NetworkTest {

    private static final Duration AMPLE = Duration.ofSeconds(30);

    /** Answers HTTP with the name of its host and the client's address. */
    private static final String SERVER = """
            import http.server, socket

            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    client = self.client_address[0].removeprefix("::ffff:")
                    body = (socket.gethostname() + " " + client).encode()
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                def log_message(self, *arguments): pass

            class Server(http.server.ThreadingHTTPServer):
                address_family = socket.AF_INET6

            Server(("::", 8080), Handler).serve_forever()
            """;

    private static final String FLEET = """
            name: shop
            networks: {inside: {subnet: 10.42.7.0/24}, apart: {isolated: true}}
            services:
              web:
                replicas: 2
                networks: [inside]
                ports: ["127.0.0.1:8443:8080", "192.168.7.1:80:8080", "[fd07::1]:80:8080"]
                readiness: {exec: [test, -e, /tmp/ready], period: 50ms}
                command: [/usr/bin/python3, /srv/server.py]
                volumes: ["SERVER:/srv/server.py:ro"]
              db:
                networks: {inside: {aliases: [store], address: 10.42.7.77}}
                accept-from: [api]
                command: [/usr/bin/python3, /srv/server.py]
                volumes: ["SERVER:/srv/server.py:ro"]
              api:
                networks: [inside]
                egress: {allow: ["192.168.7.2:7000/tcp", "192.168.7.1:7001/tcp"]}
                command: [/bin/sleep, "100000"]
              job:
                networks: [inside]
                egress: none
                command: [/bin/sleep, "100000"]
              other:
                networks: [apart]
                command: [/usr/bin/python3, /srv/server.py]
                volumes: ["SERVER:/srv/server.py:ro"]
              open:
                networks: [apart]
                command: [/bin/sleep, "100000"]
            """;

    @TempDir
    private Path directory;

    private NetworkNamespace host;
    private NetworkNamespace outside;
    private ManagerProcess manager;

    @BeforeEach
    void start() throws IOException {
        Requires.root();
        host = NetworkNamespace.create();
        outside = NetworkNamespace.create();
        host.connect(outside, "up0", "192.168.7.1/24", "192.168.7.2/24");
        host.script("ip -6 addr add fd07::1/64 dev up0 nodad");
        outside.script("ip -6 addr add fd07::2/64 dev up0 nodad");
        Path server = Files.writeString(directory.resolve("server.py"), SERVER);
        Files.writeString(directory.resolve("fleet.yaml"), FLEET.replace("SERVER", server.toString()));
        manager = ManagerProcess.in(host, directory, "--nucleus.network.ip-forward=true")
                .awaitReady();
        Awaitility.await().atMost(AMPLE).until(() -> running("shop/web-1") && running("shop/open-1"));
        Awaitility.await()
                .atMost(AMPLE)
                .until(() -> manager.nucleus("ps")
                                .out()
                                .lines()
                                .filter(line -> line.contains("shop/"))
                                .count()
                        == 7);
    }

    @AfterEach
    void stop() {
        if (manager != null) {
            manager.close();
        }
        if (host != null) {
            host.close();
            outside.close();
        }
    }

    private boolean running(String name) {
        return manager.nucleus("ps").out().contains(name);
    }

    private String exec(String name, String script) {
        ManagerProcess.Result result = manager.nucleus("exec", name, "--", "/bin/sh", "-c", script);
        return (result.out() + result.err()).strip();
    }

    /** A request from inside a container: the body, or "failed" and curl's exit code. */
    private String http(String from, String url) {
        return exec(from, "curl -sg --max-time 5 '" + url + "' || echo failed $?");
    }

    private String page(String path) {
        return host.http("http://127.0.0.1:" + manager.port() + path);
    }

    private void ready(String name) {
        exec(name, "touch /tmp/ready");
        Awaitility.await()
                .atMost(AMPLE)
                .until(() -> manager.nucleus("ps")
                        .out()
                        .lines()
                        .anyMatch(line -> line.contains(name) && line.contains("  ready ")));
    }

    private Map<String, Integer> answers(NetworkNamespace from, String url, int requests) {
        var names = new TreeMap<String, Integer>();
        for (int i = 0; i < requests; i++) {
            names.merge(from.http(url).split(" ")[0], 1, Integer::sum);
        }
        return names;
    }

    @Test
    void servicesFindEachOtherByNameAndOnlyWhereTheyMay() {
        ready("shop/web-1");

        assertThat(http("shop/api-1", "http://web:8080/")).startsWith("web-1 ");
        assertThat(http("shop/api-1", "http://web-1.shop.internal:8080/")).startsWith("web-1 ");
        assertThat(http("shop/api-1", "http://store:8080/")).startsWith("db-1 ");
        assertThat(exec("shop/api-1", "getent hosts 10.42.7.77")).contains("db-1.shop.internal");
        assertThat(http("shop/job-1", "http://10.42.7.77:8080/"))
                .as("db accepts api only")
                .isEqualTo("failed 7");
        assertThat(http("shop/open-1", "http://other:8080/"))
                .as("an isolated network")
                .isEqualTo("failed 7");
        assertThat(http("shop/open-1", "http://web:8080/"))
                .as("another network")
                .isEqualTo("failed 6");
        assertThat(http("shop/open-1", "http://10.42.7.77:8080/")).isEqualTo("failed 7");
        assertThat(exec("shop/api-1", "cat /etc/resolv.conf")).contains("search shop.internal");

        assertThat(manager.nucleus("network", "why", "shop/api-1", "db:8080").out())
                .contains(
                        "allowed  10.42.7.77 port 8080/tcp: both are on the network shop/inside, and shop/db accepts connections from shop/api");
        assertThat(manager.nucleus("network", "why", "shop/job-1", "db:8080").out())
                .contains("denied  10.42.7.77 port 8080/tcp: shop/db accepts connections from api only")
                .contains("to allow it: write accept-from: [api, job] in the service shop/db");
        assertThat(manager.nucleus("denials", "shop/job-1").out()).contains("10.42.7.77:8080/tcp");
    }

    @Test
    void publishedPortsLeadToTheReplicasThatServe() {
        assertThat(host.http("http://127.0.0.1:8443/")).as("none serves").isEqualTo("failed 7");
        assertThat(outside.http("http://192.168.7.1/")).isEqualTo("failed 7");
        ready("shop/web-1");
        assertThat(answers(host, "http://127.0.0.1:8443/", 10)).containsOnlyKeys("web-1");
        ready("shop/web-2");

        assertThat(answers(host, "http://127.0.0.1:8443/", 40)).containsOnlyKeys("web-1", "web-2");
        assertThat(answers(host, "http://[::1]:8443/", 40)).containsOnlyKeys("web-1", "web-2");
        assertThat(answers(host, "http://192.168.7.1/", 40)).containsOnlyKeys("web-1", "web-2");
        assertThat(answers(outside, "http://192.168.7.1/", 40)).containsOnlyKeys("web-1", "web-2");
        assertThat(answers(outside, "http://[fd07::1]/", 40)).containsOnlyKeys("web-1", "web-2");
        assertThat(outside.http("http://192.168.7.1/"))
                .as("the client's own address")
                .endsWith("192.168.7.2");
        assertThat(http("shop/open-1", "http://192.168.7.1/"))
                .as("other containers")
                .startsWith("web-");
        assertThat(http("shop/web-1", "http://192.168.7.1/"))
                .as("itself or the other")
                .startsWith("web-");
        assertThat(http("shop/job-1", "http://192.168.7.1/")).as("egress: none").isEqualTo("failed 7");
        assertThat(outside.http("http://192.168.7.1:8443/"))
                .as("published on loopback")
                .isEqualTo("failed 7");
        outside.script("ip addr del 127.0.0.1/8 dev lo; sysctl -qw net.ipv4.conf.all.route_localnet=1; "
                + "ip route add 127.0.0.1/32 via 192.168.7.1");
        assertThat(outside.http("http://127.0.0.1:8443/")).as("by a neighbour").startsWith("failed");

        exec("shop/web-1", "rm /tmp/ready");
        Awaitility.await()
                .atMost(AMPLE)
                .until(() -> manager.nucleus("ps")
                        .out()
                        .lines()
                        .anyMatch(line -> line.contains("shop/web-1") && !line.contains("  ready ")));
        assertThat(answers(outside, "http://192.168.7.1/", 20)).containsOnlyKeys("web-2");
    }

    @Test
    void onlyWhatThePolicyAllowsIsReachedOutside() throws IOException {
        outside.serve(7000, "python3", "-m", "http.server", "7000");
        outside.serve(7002, "python3", "-m", "http.server", "7002");
        host.serve(7001, "python3", "-m", "http.server", "7001");
        host.serve(7003, "python3", "-m", "http.server", "7003");

        assertThat(http("shop/api-1", "http://192.168.7.2:7000/")).contains("Directory listing");
        assertThat(http("shop/api-1", "http://192.168.7.2:7002/")).isEqualTo("failed 7");
        assertThat(http("shop/api-1", "http://192.168.7.1:7001/"))
                .as("named exactly")
                .contains("Directory listing");
        assertThat(http("shop/api-1", "http://192.168.7.1:7003/")).isEqualTo("failed 7");
        assertThat(http("shop/open-1", "http://192.168.7.2:7002/")).contains("Directory listing");
        assertThat(http("shop/open-1", "http://192.168.7.1:7003/"))
                .as("the host's services")
                .isEqualTo("failed 7");
        outside.script("ip addr add 169.254.169.254/32 dev up0");
        host.script("ip route add 169.254.169.254/32 via 192.168.7.2");
        assertThat(host.http("http://169.254.169.254:7002/")).contains("Directory listing");
        assertThat(http("shop/open-1", "http://169.254.169.254:7002/"))
                .as("metadata")
                .isEqualTo("failed 7");
        assertThat(http("shop/job-1", "http://192.168.7.2:7000/")).isEqualTo("failed 7");
        assertThat(host.http("http://127.0.0.1:7003/"))
                .as("others are left alone")
                .contains("Directory listing");

        assertThat(manager.nucleus("denials", "shop/api-1").out())
                .contains("192.168.7.2:7002/tcp")
                .contains("192.168.7.1:7003/tcp");
        assertThat(page("/fleets/shop/api-1"))
                .contains("shop/inside")
                .contains("api-1.shop.internal")
                .contains("192.168.7.2:7002/tcp")
                .contains("allow [192.168.7.2:7000/tcp, 192.168.7.1:7001/tcp]");
        assertThat(page("/actuator/prometheus"))
                .containsPattern("container_network_io_bytes_total\\{[^}]*service=\"api\"[^}]*\\} [1-9]")
                .containsPattern(
                        "container_network_packets_total\\{[^}]*network_io_direction=\"transmit\"[^}]*\\} [1-9]");
        Awaitility.await()
                .atMost(AMPLE)
                .untilAsserted(
                        () -> assertThat(page("/actuator/prometheus"))
                                .containsPattern(
                                        "nucleus_container_denials_total\\{[^}]*layer=\"network\"[^}]*service=\"api\"[^}]*\\} [1-9]"));
        Awaitility.await()
                .atMost(AMPLE)
                .untilAsserted(
                        () -> assertThat(Files.readString(directory.resolve("state/audit/audit-000000000001.jsonl")))
                                .containsPattern("connection-denied.*shop/api-1.*192.168.7.2:7002/tcp"));
        assertThat(manager.nucleus("network", "why", "shop/api-1", "192.168.7.2:7002")
                        .out())
                .contains("denied  192.168.7.2 port 7002/tcp: no rule of its egress policy allows it")
                .contains("write egress: {allow: [\"192.168.7.2:7002/tcp\"]} in the service shop/api");
    }

    @Test
    void aManagerThatIsKilledCutsNobodyOff() {
        ready("shop/web-1");
        ready("shop/web-2");
        String before = host.script("nft list table inet nucleus | grep -c elements");

        manager.kill();

        assertThat(answers(outside, "http://192.168.7.1/", 20)).containsOnlyKeys("web-1", "web-2");
        manager.restart().awaitReady();
        assertThat(answers(outside, "http://192.168.7.1/", 20)).containsOnlyKeys("web-1", "web-2");
        assertThat(http("shop/api-1", "http://web:8080/")).startsWith("web-");
        assertThat(host.script("nft list table inet nucleus | grep -c elements"))
                .isEqualTo(before);
    }

    @Test
    void nothingIsLeftOnceTheFleetIsGone() throws IOException {
        assertThat(host.script("ip -o link")).contains(": nu");
        Files.writeString(
                directory.resolve("fleet.yaml"), "name: shop\nservices: {web: {command: [/bin/sleep, '9']}}\n");
        manager.kill();
        manager.restart().awaitReady();

        Awaitility.await().atMost(AMPLE).untilAsserted(() -> {
            assertThat(host.script("ip -o link")).doesNotContain(": nu");
            assertThat(host.script("ip route")).doesNotContain("10.42.7");
            assertThat(host.script("nft list tables")).isEmpty();
        });
    }
}
