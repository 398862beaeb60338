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
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Containers that are run by hand on a network: their policies, ports and addresses, and what the host does to them. */
@Tag("isolation")
@RunsConcurrently
class StandaloneNetworkTest {

    private static final Duration AMPLE = Duration.ofSeconds(30);

    /** Answers each line with the client's port, as long as the connection lasts. */
    private static final String ECHO = """
            import socketserver

            class Handler(socketserver.StreamRequestHandler):
                def handle(self):
                    for line in self.rfile:
                        self.wfile.write(str(self.client_address[1]).encode() + b"\\n")

            class Server(socketserver.ThreadingTCPServer):
                allow_reuse_address = True
                daemon_threads = True

            Server(("0.0.0.0", 7000), Handler).serve_forever()
            """;

    @TempDir
    private static Path directory;

    private static NetworkNamespace host;
    private static NetworkNamespace outside;
    private static ManagerProcess manager;
    private final List<String> launched = new ArrayList<>();

    @BeforeAll
    static void start() throws IOException {
        Requires.root();
        host = NetworkNamespace.create();
        outside = NetworkNamespace.create();
        host.connect(outside, "up0", "192.168.7.1/24", "192.168.7.2/24");
        Path echo = Files.writeString(directory.resolve("echo.py"), ECHO);
        outside.serve(7000, "python3", echo.toString());
        manager = ManagerProcess.in(host, directory, "--nucleus.network.ip-forward=true")
                .awaitReady();
    }

    @AfterEach
    void remove() {
        launched.forEach(id -> manager.nucleus("rm", "-f", id));
    }

    @AfterAll
    static void stop() {
        if (manager != null) {
            manager.close();
        }
        if (outside != null) {
            outside.close();
            host.close();
        }
    }

    private ManagerProcess.Result run(String... options) {
        var words = new ArrayList<>(List.of("run", "-d", "--network", "bridge"));
        words.addAll(List.of(options));
        words.addAll(List.of("--", "/bin/sleep", "100000"));
        ManagerProcess.Result result = manager.nucleus(words.toArray(String[]::new));
        if (result.code() == 0) {
            launched.add(result.out().strip());
        }
        return result;
    }

    private String launch(String... options) {
        ManagerProcess.Result result = run(options);
        assertThat(result.code()).as(result.err()).isZero();
        return result.out().strip();
    }

    private static String exec(String id, String script) {
        return manager.nucleus("exec", id, "--", "/bin/bash", "-c", script).out();
    }

    private static void inBackground(String id, String interpreter, String script) {
        assertThat(manager.nucleus("exec", "-d", id, "--", interpreter, "-c", script)
                        .code())
                .isZero();
    }

    private static String pid(String id) {
        var matcher = Pattern.compile("\"pid\" ?: (\\d+)")
                .matcher(manager.nucleus("inspect", id).out());
        assertThat(matcher.find()).isTrue();
        return matcher.group(1);
    }

    /** Within the container's network namespace, with every capability in it. */
    private static String within(String id, String script) {
        return host.run("nsenter", "--net=/proc/" + pid(id) + "/ns/net", "sh", "-c", script)
                .output();
    }

    private static String address(String id) {
        return within(id, "ip -4 -o addr show eth0").replaceAll("(?s).*inet ([0-9.]+)/.*", "$1");
    }

    @Test
    void tighteningAnEgressPolicyEndsConnectionsThatItNoLongerAllows() {
        String id = launch("--egress", "192.168.7.2:7000/tcp");
        assertThat(manager.nucleus("network", "egress", id).out()).isEqualTo("allow [192.168.7.2:7000/tcp]\n");
        inBackground(
                id,
                "/bin/bash",
                "exec 3<>/dev/tcp/192.168.7.2/7000; while echo x >&3 && read -t 5 line <&3; do echo $line > /tmp/last; done;"
                        + " echo ended > /tmp/ended");
        Awaitility.await().atMost(AMPLE).until(() -> exec(id, "cat /tmp/last"), output -> output.matches("\\d+\n"));

        assertThat(manager.nucleus("network", "egress", id, "none").code()).isZero();

        Awaitility.await().atMost(AMPLE).until(() -> exec(id, "cat /tmp/ended"), "ended\n"::equals);
        assertThat(exec(id, "exec 3<>/dev/tcp/192.168.7.2/7000 && echo connected"))
                .isEmpty();
        assertThat(manager.nucleus("denials", id).out()).contains("192.168.7.2:7000/tcp");
        assertThat(manager.nucleus("network", "why", id, "192.168.7.2:7000").out())
                .contains("to allow it: run: nucleus network egress");

        manager.kill();
        manager.restart().awaitReady();
        assertThat(manager.nucleus("network", "egress", id).out())
                .as("a later manager knows it")
                .isEqualTo("none\n");
        assertThat(exec(id, "exec 3<>/dev/tcp/192.168.7.2/7000 && echo connected"))
                .isEmpty();
        assertThat(manager.nucleus("network", "egress", id, "open").code()).isZero();
        assertThat(exec(id, "exec 3<>/dev/tcp/192.168.7.2/7000 && echo connected"))
                .isEqualTo("connected\n");
    }

    @Test
    void connectionsThatStayAllowedContinueWhenThePolicyChanges() {
        String id = launch("--egress", "open");
        inBackground(
                id,
                "/bin/bash",
                "exec 3<>/dev/tcp/192.168.7.2/7000; while echo x >&3 && read -t 5 line <&3; do echo $line > /tmp/last;"
                        + " sleep 0.05; done; echo ended > /tmp/ended");
        Awaitility.await().atMost(AMPLE).until(() -> exec(id, "cat /tmp/last"), output -> output.matches("\\d+\n"));
        String port = exec(id, "cat /tmp/last");

        assertThat(manager.nucleus("network", "egress", id, "192.168.7.2:7000/tcp")
                        .code())
                .isZero();

        assertThat(exec(id, "rm /tmp/last; exec 3<>/dev/tcp/192.168.7.2/7005 && echo connected"))
                .isEmpty();
        assertThat(manager.nucleus("network", "why", id, "192.168.7.2:7005").out())
                .as("the remedy keeps the present rules")
                .contains(" 192.168.7.2:7000/tcp 192.168.7.2:7005/tcp");
        Awaitility.await().atMost(AMPLE).until(() -> exec(id, "cat /tmp/last"), port::equals);
        assertThat(exec(id, "cat /tmp/ended")).isEmpty();
    }

    /** The host's next packet must not begin the connection anew, so that the container's packets become replies. */
    @Test
    void aServiceOfTheHostIsOutOfReachWhenThePolicyIsTightened() throws IOException {
        Path received = directory.resolve("received");
        Path server = Files.writeString(
                directory.resolve("push.py"),
                "import socket, time\ns = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
                        + "s.bind((\"192.168.7.1\", 7100)); s.listen(); c, _ = s.accept(); c.setblocking(False)\n"
                        + "n = 0\nwhile True:\n    time.sleep(0.02)\n    c.send(b\"x\")\n"
                        + "    try: n += len(c.recv(100000))\n    except BlockingIOError: continue\n"
                        + "    open(\"" + received + "\", \"w\").write(str(n))\n");
        host.serve(7100, "python3", server.toString());
        String id = launch("--egress", "192.168.7.1:7100/tcp");
        inBackground(id, "/bin/bash", "exec 3<>/dev/tcp/192.168.7.1/7100; while sleep 0.02; do echo y >&3; done");
        Awaitility.await()
                .atMost(AMPLE)
                .ignoreExceptions()
                .until(() -> Integer.parseInt(Files.readString(received)) > 10);

        assertThat(manager.nucleus("network", "egress", id, "none").code()).isZero();

        Awaitility.await("the host receives nothing for a second")
                .atMost(Duration.ofSeconds(10))
                .until(() -> Files.getLastModifiedTime(received)
                        .toInstant()
                        .isBefore(Instant.now().minusSeconds(1)));
    }

    /** The peer of a UDP flow goes on sending, and its packets are replies to the kernel. */
    @Test
    void tighteningAnEgressPolicyEndsWhatThePeerSends() throws IOException {
        Path sender = Files.writeString(
                directory.resolve("sender.py"),
                "import socket, time\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.bind((\"0.0.0.0\", 7005))\n"
                        + "_, client = s.recvfrom(100)\nwhile True:\n    s.sendto(b\"x\", client)\n    time.sleep(0.02)\n");
        outside.serve(7005, "python3", sender.toString());
        String id = launch("--egress", "open");
        inBackground(
                id,
                "/usr/bin/python3",
                "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                        + "s.sendto(b\"hello\", (\"192.168.7.2\", 7005))\nn = 0\n"
                        + "while True:\n    s.recv(100); n += 1; open(\"/tmp/count\", \"w\").write(str(n))\n");
        Awaitility.await().atMost(AMPLE).until(() -> exec(id, "cat /tmp/count"), output -> output.matches("\\d{2,}"));

        assertThat(manager.nucleus("network", "egress", id, "none").code()).isZero();

        String count = exec(id, "cat /tmp/count");
        Awaitility.await()
                .during(Duration.ofSeconds(1))
                .atMost(Duration.ofSeconds(10))
                .until(() -> exec(id, "cat /tmp/count"), count::equals);
    }

    @Test
    void rulesThatAnotherProgramRemovesAreRestored() {
        String id = launch("--egress", "none");
        assertThat(host.script("nft list tables")).contains("table inet nucleus");

        host.script("nft flush ruleset");

        Awaitility.await().atMost(AMPLE).until(() -> host.script("nft list tables"), "table inet nucleus\n"::equals);
        assertThat(host.script("nft list set inet nucleus leases4")).contains(address(id));
        assertThat(exec(id, "exec 3<>/dev/tcp/192.168.7.2/7000 && echo connected"))
                .isEmpty();
    }

    @Test
    void doctorNamesWhatKeepsNetworksFromWorking() {
        ManagerProcess.Result well = manager.nucleus("doctor");
        assertThat(well.out()).contains("ok       network: ");
        String prefix = host.script("ip -o link").replaceAll("(?s).*: (nu\\w{3})b.*", "$1");

        host.script("nft add table inet filter; "
                + "nft add chain inet filter forward '{ type filter hook forward priority 0; policy drop; }'");
        try {
            String id = launch("--egress", "open");
            assertThat(exec(id, "timeout 2 bash -c 'exec 3<>/dev/tcp/192.168.7.2/7000 && echo connected'"))
                    .isEmpty();
            String report = manager.nucleus("doctor").out();
            assertThat(report)
                    .contains("warning  network: a firewall drops forwarded packets by default")
                    .contains("table inet filter, chain forward");

            String remedy = report.lines()
                    .filter(line -> line.contains("nft insert rule"))
                    .findFirst()
                    .orElseThrow()
                    .replaceFirst(".*to change it: ", "");
            host.script(remedy);

            assertThat(remedy).contains(prefix);
            assertThat(exec(id, "exec 3<>/dev/tcp/192.168.7.2/7000 && echo connected"))
                    .as("after the remedy")
                    .isEqualTo("connected\n");
        } finally {
            host.script("nft delete table inet filter");
        }
    }

    @Test
    void portsAndAddressesAreShown() {
        String id = launch("--name", "shown", "-p", "8085:80", "-p", "192.168.7.1:8086:81/udp");
        String address = address(id);

        assertThat(manager.nucleus("ps").out())
                .contains("PORTS")
                .contains("127.0.0.1:8085->80/tcp, 192.168.7.1:8086->81/udp");
        assertThat(manager.nucleus("inspect", id).out())
                .contains("\"network\" : \"bridge\"")
                .contains(address)
                .contains("\"127.0.0.1:8085:80/tcp\"");
        assertThat(manager.nucleus("network", "ls").out())
                .contains("127.0.0.1:8085/tcp")
                .contains(address + ":80");
        assertThat(manager.nucleus("network", "inspect", "bridge").out())
                .contains("\"name\" : \"shown\"")
                .contains(address);
        assertThat(manager.nucleus("network", "inspect", "nowhere").err())
                .contains("there is no network 'nowhere'; there are bridge");
    }

    /** A container that could choose a published port as its source port would get the answers meant for it. */
    @Test
    void connectionsOfContainersComeFromPortsOnWhichNobodyListens() {
        String id = launch("--egress", "open");

        String port = exec(id, "exec 3<>/dev/tcp/192.168.7.2/7000; echo x >&3; head -n 1 <&3")
                .strip();

        assertThat(Integer.parseInt(port)).isBetween(61_000, 65_535);
        assertThat(run("-p", "192.168.7.1:62000:80").err())
                .contains("connections of containers to other hosts use the ports from 61000 on");
        assertThat(run("-p", "127.0.0.1:62000:80").code())
                .as("not reached from outside")
                .isZero();
    }

    /** Only a party of a connection may report an error about it (ICMP port unreachable here). */
    @Test
    void errorsAboutConnectionsOfOthersAreDropped() {
        String server = launch();
        String client = launch();
        String attacker = launch();
        String flow = "import socket, time\n"
                + "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((\"\", 5555)); s.settimeout(5)\n"
                + "s.connect((\"" + address(server) + "\", 5556)); s.send(b\"hello\"); print(\"sent\", flush=True)\n"
                + "try: s.recv(10)\n"
                + "except TimeoutError: print(\"undisturbed\")\n"
                + "except ConnectionRefusedError: print(\"ended\")\n";
        String error = "import socket, struct\n"
                + "def sum16(d):\n"
                + "    s = sum(d[0::2]) * 256 + sum(d[1::2]); s = (s >> 16) + (s & 0xffff)\n"
                + "    return ~(s + (s >> 16)) & 0xffff\n"
                + "a = socket.inet_aton\n"
                + "quoted = struct.pack(\"!BBHHHBBH4s4s\", 69, 0, 33, 1, 0, 64, 17, 0, a(\"" + address(client)
                + "\"), a(\"" + address(server) + "\")) + struct.pack(\"!HHHH\", 5555, 5556, 13, 0)\n"
                + "body = struct.pack(\"!BBHI\", 3, 3, 0, 0) + quoted\n"
                + "body = struct.pack(\"!BBHI\", 3, 3, sum16(body), 0) + quoted\n"
                + "r = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)\n"
                + "r.sendto(body, (\"" + address(client) + "\", 0))\n";
        String silent = "nft add table inet t; "
                + "nft add chain inet t in '{ type filter hook input priority 0; }'; nft add rule inet t in udp dport 5556 drop";
        within(server, silent);
        String attack = "python3 -c '" + flow + "' > " + directory + "/flow-%s & "
                + "while ! grep -q sent " + directory + "/flow-%s; do sleep 0.02; done; "
                + "nsenter --net=/proc/%s/ns/net python3 -c '" + error + "'; wait; cat " + directory + "/flow-%s; "
                + "rm " + directory + "/flow-%s";

        assertThat(within(client, attack.formatted(attacker, attacker, pid(attacker), attacker, attacker)))
                .contains("undisturbed");
        assertThat(within(client, attack.formatted(server, server, pid(server), server, server)))
                .as("from the server itself")
                .contains("ended");
    }

    @Test
    void capabilitiesOverTheHostsInterfacesAreRefusedFromAFileToo() throws IOException {
        Path policy = Files.writeString(
                directory.resolve("capabilities.yaml"),
                "bounding: {keep: [NET_ADMIN]}\neffective: {keep: [NET_ADMIN]}\n");

        ManagerProcess.Result refused = run("--name", "powerful", "--capability-policy", policy.toString());

        assertThat(refused.code()).isNotZero();
        assertThat(refused.err()).contains("could change the host's interfaces; write user-namespace: auto");
        assertThat(manager.nucleus("network", "ls").code()).isZero();
        assertThat(manager.nucleus("network", "inspect", "bridge").out())
                .as("nothing of it remains")
                .doesNotContain("powerful");
    }

    @Test
    void aPortThatAnotherProgramHasOnTheOtherLoopbackAddressIsAnError() {
        host.serve(8087, "python3", "-m", "http.server", "--bind", "::1", "8087");

        ManagerProcess.Result refused = run("-p", "8087:80");

        assertThat(refused.code()).isNotZero();
        assertThat(refused.err()).contains("[::1]:8087/tcp is used by python3");
    }

    @Test
    void containersWithTheSamePolicyShareItsRules() {
        launch("--egress", "192.168.7.2:7000/tcp");
        launch("--egress", "192.168.7.2:7000/tcp");
        String other = launch("--egress", "192.168.7.2:7001/tcp");

        Awaitility.await("the rules of the containers of other tests are removed")
                .atMost(AMPLE)
                .until(() -> Pattern.compile("from/_run/\\w+")
                                .matcher(host.script("nft list map inet nucleus policies"))
                                .results()
                                .map(MatchResult::group)
                                .distinct()
                                .count()
                        == 2);
        assertThat(exec(other, "exec 3<>/dev/tcp/192.168.7.2/7000 && echo connected"))
                .isEmpty();
    }
}
