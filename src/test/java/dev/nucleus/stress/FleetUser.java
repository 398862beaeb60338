package dev.nucleus.stress;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/**
 * A fleet with probes and restarts, and the operations on it. Each workload holds a lock on a file of its replica while
 * it runs, so that a second copy would be detected, and records each start.
 */
final class FleetUser implements Runnable {

    private static final String NOTED = "exec 9>/data/$HOSTNAME.lock || exit 98; "
            + "flock -n 9 || { echo double >>/data/$HOSTNAME.double; exit 99; }; "
            + "echo start >>/data/$HOSTNAME.starts; ";

    private static final String FLEET = """
        name: mix
        volumes: {data: {path: data, owner: "4711:4711"}}
        x-usual: &usual {user: "4711:4711", volumes: ["data:/data"], environment: {%2$s}}
        services:
          moody:
            <<: *usual
            command: [/bin/bash, -c, '%1$ssleep 0.$((RANDOM %% 900 + 100)); exit 1']
            replicas: 2
            restart: {policy: always, backoff: {from: 200ms, factor: 1, to: 200ms}}
          steady:
            <<: *usual
            command: [/bin/bash, -c, '%1$sexec sleep 100000']
            readiness: {exec: ["true"], period: 1s, timeout: 20s}
          probed:
            <<: *usual
            command: [/bin/bash, -c, '%1$sexec sleep 100000']
            readiness: {exec: [/bin/sh, -c, "test -e /data/probed-1.starts"], period: 500ms, timeout: 20s}
            liveness: {exec: ["true"], period: 500ms, timeout: 20s}
            restart: {policy: always, backoff: {from: 50ms, factor: 1, to: 50ms}}
          lagging:
            <<: *usual
            command: [/bin/bash, -c, '%1$sexec sleep 100000']
            readiness: {exec: [/bin/sh, -c, "sleep 5; true"], period: 1s, timeout: 200ms, failures: 1}
        """;

    static final List<String> LASTING = List.of("mix/steady-1", "mix/probed-1", "mix/lagging-1");
    static final List<String> REPLICAS =
            List.of("mix/moody-1", "mix/moody-2", "mix/steady-1", "mix/probed-1", "mix/lagging-1");

    private static final Duration CHANGE = Duration.ofSeconds(60);
    private static final int MAX_WAIT_MS = 2_000;

    private final RandomGenerator random;
    private final Subject subject;
    private final Findings findings;
    private final long until;
    private final int steady;
    private int killed;

    FleetUser(RandomGenerator random, Subject subject, long until) throws InterruptedException {
        this.random = random;
        this.subject = subject;
        this.findings = subject.findings();
        this.until = until;
        this.steady = pid("steady-1");
    }

    /** The fleet file's text; {@code variable}, {@code NAME=value}, is in the environment of the workloads. */
    static String file(String variable) {
        return FLEET.formatted(NOTED, variable.replace("=", ": \"") + "\"");
    }

    private int pid(String replica) throws InterruptedException {
        return subject.row("mix/" + replica).map(Row::pid).orElse(0);
    }

    @Override
    public void run() {
        try {
            while (System.nanoTime() < until) {
                Thread.sleep(random.nextInt(MAX_WAIT_MS));
                subject.awaitManager();
                try {
                    next();
                } catch (HungCommandException e) {
                    findings.count("commands that hung");
                } catch (RuntimeException e) {
                    findings.fault("fleet: " + Traces.of(e));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void next() throws InterruptedException {
        switch (random.nextInt(6)) {
            case 0 -> killProbed();
            case 1 -> pauseSteady();
            case 2 -> {
                Outcome outcome = subject.insist("exec", "mix/steady-1", "--", "/bin/cat", "/proc/1/comm");
                findings.check(outcome.succeeded() && outcome.out().equals("nucleus-init\n"), outcome.toString());
                findings.count("execs in the fleet");
            }
            case 3 -> view("/");
            case 4 -> view("/fleets/mix/moody-1");
            default -> view("/actuator/health/mix");
        }
    }

    /** Kills the shim of a replica, which must be restarted exactly once. */
    private void killProbed() throws InterruptedException {
        int before = pid("probed-1");
        if (before == 0 || Shims.of(before).isEmpty()) {
            // It is still restarting after the last kill.
            return;
        }
        Shims.kill(before, findings);
        killed++;
        boolean ready = Waiting.until(
                CHANGE,
                () -> subject.row("mix/probed-1")
                        .filter(row -> row.pid() != 0
                                && row.pid() != before
                                // After the fifth exit in a row it is in a crash loop, and serves.
                                && (row.health().equals("ready") || row.health().equals("crash loop, serving")))
                        .isPresent());
        findings.check(ready, "not ready again after its shim was killed: " + subject.row("mix/probed-1"));
        findings.count("replicas restarted after their shim was killed");
    }

    private void pauseSteady() throws InterruptedException {
        for (String how : List.of("pause", "resume")) {
            Outcome outcome = subject.insist(how, "mix/steady-1");
            findings.check(outcome.succeeded(), outcome.toString());
        }
        findings.count("pauses in the fleet");
    }

    private void view(String path) {
        Outages.Moment begun = subject.outages().now();
        try (var socket = subject.request(path)) {
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            // A fleet whose replicas crash is unhealthy; only the response counts.
            boolean answered = answer.startsWith("HTTP/1.1 200") || answer.startsWith("HTTP/1.1 503");
            findings.check(
                    answered || subject.outages().since(begun),
                    path + " answered: " + answer.lines().findFirst());
            findings.count("pages read");
        } catch (SocketTimeoutException e) {
            subject.hung(path);
        } catch (IOException e) {
            findings.check(subject.outages().since(begun), path + ": " + e);
        }
    }

    /** Checks the fleet after the load. */
    void settle() throws InterruptedException, IOException {
        for (String replica : List.of("moody-1", "moody-2")) {
            int before = starts(replica);
            findings.check(
                    Waiting.until(CHANGE, () -> starts(replica) > before + 1), replica + " is no longer restarted");
        }
        Optional<Row> row = subject.row("mix/steady-1");
        findings.check(
                row.filter(found -> found.pid() == steady && found.health().equals("ready"))
                        .isPresent(),
                "steady-1 should be process " + steady + " and ready: " + row);
        findings.check(starts("steady-1") == 1, "steady-1 was started " + starts("steady-1") + " times");
        findings.check(
                starts("probed-1") == 1 + killed,
                "probed-1 was started " + starts("probed-1") + " times, and its shim killed " + killed + " times");
        findings.check(starts("lagging-1") == 1, "lagging-1 was started " + starts("lagging-1") + " times");
        try (Stream<Path> files = Files.list(subject.directory().resolve("data"))) {
            List<Path> doubles =
                    files.filter(file -> file.toString().endsWith(".double")).toList();
            findings.check(doubles.isEmpty(), "started twice at once: " + doubles);
        }
    }

    private int starts(String replica) {
        Path file = subject.directory().resolve("data").resolve(replica + ".starts");
        try {
            return Files.exists(file) ? Files.readAllLines(file).size() : 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
