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
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Managers, network helpers, spawners and shims are killed at random moments while networks change; {@code -Drounds=200
 * -Dseed=N} for more than a few.
 */
@Tag("isolation")
@RunsConcurrently
class NetworkKillsTest {

    private static final int ROUNDS = Integer.getInteger("rounds", 8);
    private static final Duration AMPLE = Duration.ofSeconds(60);
    private static final List<String> VICTIMS =
            List.of("manager", "nucleus-network", "nucleus-spawner", "nucleus-shim");
    private static final Pattern LINK = Pattern.compile(": (nu\\w{3}[0-9])([0-9a-f]{9})@");

    private static final String FLEET = """
            name: shop
            networks: {inside: {subnet: 10.42.7.0/24}}
            services:
              web:
                replicas: 2
                networks: [inside]
                ports: ["127.0.0.1:8443:8080"]
                command: [/bin/sleep, "100000"]
                restart: {policy: always, backoff: {from: 50ms, factor: 1, to: 50ms}}
              db:
                networks: [inside]
                accept-from: [web]
                command: [/bin/sleep, "100000"]
                restart: {policy: always, backoff: {from: 50ms, factor: 1, to: 50ms}}
            """;

    @TempDir
    private Path directory;

    /** The links of containers on the host, by the first digits of the container's ID. */
    private static Set<String> links(NetworkNamespace host) {
        Matcher matcher = LINK.matcher(host.script("ip -o link"));
        return matcher.results().map(link -> link.group(2)).collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> leases(NetworkNamespace host) {
        Matcher matcher = Pattern.compile("\"nu\\w{3}[0-9]([0-9a-f]{9})\" \\. 10\\.")
                .matcher(host.script("nft list set inet nucleus leases4"));
        return matcher.results().map(link -> link.group(1)).collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> running(ManagerProcess manager) {
        return manager.nucleus("ps")
                .out()
                .lines()
                .filter(line -> line.contains(" running "))
                .map(line -> line.substring(0, 9))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static void kill(ManagerProcess manager, String victim, Random random) {
        if (victim.equals("manager")) {
            manager.kill();
            return;
        }
        List<ProcessHandle> found = manager.process()
                .descendants()
                .filter(process -> comm(process.pid()).equals(victim))
                .toList();
        if (!found.isEmpty()) {
            found.get(random.nextInt(found.size())).destroyForcibly();
        }
    }

    private static String comm(long pid) {
        try {
            String name = Files.readString(Path.of("/proc", Long.toString(pid), "comm"))
                    .strip();
            return name.startsWith("memfd:nucleus") || name.equals("nucleus-spawner") ? "nucleus-spawner" : name;
        } catch (IOException e) {
            // It has exited meanwhile.
            return "";
        }
    }

    @Test
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    void linksAndLeasesAreThoseOfTheRunningContainersWhateverIsKilled() throws Exception {
        Requires.root();
        long seed = Long.getLong("seed", System.nanoTime() % 1_000_000);
        System.out.println("network kills: -Dseed=" + seed + ", " + ROUNDS + " rounds");
        var random = new Random(seed);
        Files.writeString(directory.resolve("fleet.yaml"), FLEET);
        try (NetworkNamespace host = NetworkNamespace.create();
                ManagerProcess manager = ManagerProcess.in(host, directory).awaitReady()) {
            for (int round = 0; round < ROUNDS; round++) {
                Process change = random.nextBoolean()
                        ? manager.start("restart", "shop/web-" + (1 + random.nextInt(2)))
                        : manager.start("run", "--network", "bridge", "-p", "0:80", "--", "/bin/sleep", "0.1");
                Thread.sleep(random.nextInt(200));
                String victim = VICTIMS.get(random.nextInt(VICTIMS.size()));
                kill(manager, victim, random);
                ManagerProcess.finish(change);
                if (!manager.process().isAlive()) {
                    manager.restart().awaitReady();
                }
                String what = "seed " + seed + ", round " + round + ", killed: " + victim;
                Awaitility.await(what).atMost(AMPLE).untilAsserted(() -> {
                    Set<String> running = running(manager);
                    assertThat(running).hasSize(3);
                    assertThat(links(host)).as("links").isEqualTo(running);
                    assertThat(leases(host)).as("leases").isEqualTo(running);
                });
            }
            Files.writeString(directory.resolve("fleet.yaml"), "name: shop\nservices: {}\n");
            manager.kill();
            manager.restart().awaitReady();
            Awaitility.await("seed " + seed).atMost(AMPLE).untilAsserted(() -> {
                assertThat(host.script("ip -o link")).doesNotContain(": nu");
                assertThat(host.script("nft list tables")).isEmpty();
                assertThat(host.script("ip route; ip -6 route"))
                        .doesNotContain("unreachable 10.")
                        .doesNotContain("unreachable fd");
            });
        }
    }
}
