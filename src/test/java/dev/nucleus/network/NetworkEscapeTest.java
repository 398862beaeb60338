package dev.nucleus.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.NetworkNamespace;
import dev.nucleus.support.Requires;
import dev.nucleus.support.RunsConcurrently;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A workload with every right over its own network namespace against the host, its neighbours, and their addresses. */
@Tag("isolation")
@RunsConcurrently
class NetworkEscapeTest {

    @TempDir
    private static Path directory;

    private static NetworkNamespace host;
    private static ManagerProcess manager;
    private String attacker = "";
    private static String victim;

    @BeforeAll
    static void start() {
        Requires.root();
        host = NetworkNamespace.create();
        manager = ManagerProcess.in(host, directory).awaitReady();
        victim = launch("victim", "NET_RAW");
        host.serve(7003, "python3", "-m", "http.server", "7003");
    }

    /** What one test does to its network must not help or hinder the next. */
    @BeforeEach
    void launchAttacker() {
        attacker = launch("attacker", "NET_RAW");
    }

    @AfterEach
    void removeAttacker() {
        manager.nucleus("rm", "-f", "attacker");
    }

    private static String launch(String name, String... capabilities) {
        var words = new ArrayList<>(List.of(
                "run", "-d", "--name", name, "--network", "bridge", "--user", "0:0", "--seccomp", "network-server"));
        for (String capability : capabilities) {
            words.add("--capability");
            words.add(capability);
        }
        words.addAll(List.of("--", "/bin/sleep", "100000"));
        ManagerProcess.Result result = manager.nucleus(words.toArray(String[]::new));
        assertThat(result.code()).as(result.err()).isZero();
        return result.out().strip();
    }

    @AfterAll
    static void stop() {
        if (manager != null) {
            manager.close();
        }
        if (host != null) {
            host.close();
        }
    }

    /** Within the container's network namespace, with every right over it: more than any workload has. */
    private static NetworkNamespace.Result within(String id, String script) {
        String pid = manager.nucleus("inspect", id)
                .out()
                .lines()
                .filter(line -> line.contains("\"pid\""))
                .findFirst()
                .orElseThrow()
                .replaceAll("\\D", "");
        return host.run("nsenter", "--net=/proc/" + pid + "/ns/net", "sh", "-c", script);
    }

    private static String address(String id) {
        return within(id, "ip -4 -o addr show eth0").output().replaceAll("(?s).*inet ([0-9.]+)/.*", "$1");
    }

    /** A file that a script in a namespace creates once it listens. */
    private static Path listening() throws IOException {
        Path file = directory.resolve("listening");
        Files.deleteIfExists(file);
        return file;
    }

    private static String await(Path file) {
        return "while [ ! -e " + file + " ]; do sleep 0.02; done; ";
    }

    /** Sends a datagram from a forged address and tells whether anything arrived at the victim. */
    private String arrivals(String script) throws IOException {
        Path listening = listening();
        Path sent = directory.resolve("sent");
        Files.deleteIfExists(sent);
        return within(
                        victim,
                        "timeout 60 python3 -c 'import os, socket\n"
                                + "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                                + "s.bind((\"\", 9000)); s.settimeout(0.3); open(\"" + listening + "\", \"w\")\n"
                                + "last = False\n"
                                + "while True:\n"
                                + "    try: print(s.recvfrom(100)); break\n"
                                + "    except TimeoutError:\n"
                                + "        if last: print(\"nothing\"); break\n"
                                + "        last = os.path.exists(\"" + sent + "\")' & " + await(listening)
                                + "nsenter --net=/proc/" + pid(attacker) + "/ns/net sh -c '" + script + "'; touch "
                                + sent + "; wait")
                .output()
                .strip();
    }

    private static String pid(String id) {
        return manager.nucleus("inspect", id)
                .out()
                .lines()
                .filter(line -> line.contains("\"pid\""))
                .findFirst()
                .orElseThrow()
                .replaceAll("\\D", "");
    }

    private static String datagram(String bind) {
        return "python3 -c \"import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); " + bind
                + "s.sendto(b\\\"forged\\\", (\\\"" + address(victim) + "\\\", 9000))\"";
    }

    @Test
    void anAddressThatIsNotLeasedReachesNobody() throws IOException {
        assertThat(arrivals(datagram("")))
                .as("its own address")
                .contains("forged")
                .contains(address(attacker));
        within(attacker, "ip addr add 10.99.99.99/32 dev lo");
        assertThat(arrivals(datagram("s.bind((\\\"10.99.99.99\\\", 0)); "))).isEqualTo("nothing");
        within(attacker, "ip addr add 127.0.0.9/32 dev lo");
        assertThat(arrivals(datagram("s.bind((\\\"127.0.0.9\\\", 0)); ")))
                .as("the container's own kernel refuses this one")
                .endsWith("nothing");
    }

    @Test
    void theHostsLoopbackAddressesAreOutOfReach() {
        String gateway =
                within(attacker, "ip -4 route show default").output().replaceAll("(?s).*via ([0-9.]+) .*", "$1");
        assertThat(host.http("http://127.0.0.1:7003/")).contains("Directory listing");
        // As CVE-2020-8558: a packet for 127.0.0.1 sent out of the interface instead of to the container's own
        // loopback.
        NetworkNamespace.Result martian = within(
                attacker,
                "sysctl -qw net.ipv4.conf.all.route_localnet=1 net.ipv4.conf.eth0.route_localnet=1; ip addr del 127.0.0.1/8 dev lo; "
                        + "ip route add 127.0.0.1/32 via " + gateway + " dev eth0; "
                        + "curl -s --max-time 2 http://127.0.0.1:7003/ && echo reached");
        assertThat(within(attacker, "ip route get 127.0.0.1").output()).contains("dev eth0");
        assertThat(martian.output()).doesNotContain("reached").doesNotContain("Directory listing");
        assertThat(within(attacker, "curl -s --max-time 2 http://" + gateway + ":7003/ && echo reached")
                        .output())
                .isEmpty();
    }

    @Test
    void framesOfOthersAreNotSeen() throws IOException {
        Path listening = listening();
        NetworkNamespace.Result seen = within(
                attacker,
                "timeout 10 python3 -c 'import socket\n"
                        + "s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); s.settimeout(2)\n"
                        + "open(\"" + listening + "\", \"w\")\n"
                        + "try: print(s.recv(1500))\n"
                        + "except TimeoutError: print(\"nothing\")' & " + await(listening)
                        + "nsenter --net=/proc/" + pid(victim) + "/ns/net python3 -c 'import socket\n"
                        + "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                        + "s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)\n"
                        + "for to in (\"10.214.0.255\", \"255.255.255.255\", \"10.214.0.200\"):\n"
                        + "    try: s.sendto(b\"secret\", (to, 9))\n"
                        + "    except OSError: pass'; wait");

        assertThat(seen.output().strip()).isEqualTo("nothing");
    }

    @Test
    void anotherHardwareAddressReachesNobodyElse() {
        within(
                attacker,
                "ip link set eth0 down; ip link set eth0 address 02:00:00:00:00:99; ip link set eth0 arp on up; "
                        + "ip route add 10.214.0.0/24 dev eth0; curl -s --max-time 1 http://" + address(victim)
                        + ":9000/");

        assertThat(within(attacker, "ip link show eth0").output()).contains("02:00:00:00:00:99");
        assertThat(host.script("ip neigh")).doesNotContain("02:00:00:00:00:99");
    }
}
