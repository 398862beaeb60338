package dev.nucleus.bench;

import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.fleet.Transition;
import dev.nucleus.spec.Signal;
import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.Remains;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;

/**
 * A manager with a thousand containers that each have a readiness probe a second: its use of processor and memory, and
 * how many probes are late. Also how soon a manager or a workload runs again.
 */
final class ScaleBenchmark {

    private static final int CONTAINERS = 1_000;
    private static final int ADOPTED = 500;
    private static final int RESTARTS = 30;
    private static final int STARTS = 11;
    private static final Duration WATCHED = Duration.ofSeconds(60);
    private static final Duration SETTLING = Duration.ofSeconds(15);
    private static final Duration TIMEOUT = Duration.ofMinutes(5);
    private static final Duration BACKOFF = Duration.ofMillis(200);
    /** USER_HZ, the unit of proc(5). */
    private static final double TICKS = 100;

    private static final String LISTENER =
            "use IO::Socket::INET; my $s = IO::Socket::INET->new(LocalAddr => \"127.0.0.1\", "
                    + "LocalPort => 8000, Listen => 9) or die; while (my $c = $s->accept) { close $c }";

    private ScaleBenchmark() {}

    static void measure(Figures figures) {
        figures.attempt("tcp probes", () -> tcpProbes(figures));
        figures.attempt("exec probes", () -> execProbes(figures));
        figures.attempt("adoption", () -> adoption(figures));
        figures.attempt("restarts", () -> restarts(figures));
        figures.attempt("starts of a manager", () -> starts(figures));
    }

    /** With nothing to adopt; readiness is polled every 25 ms. */
    private static void starts(Figures figures) throws Exception {
        Path directory = Files.createTempDirectory("nucleus-scale-");
        var ready = new ArrayList<Double>();
        long begun = System.nanoTime();
        try (ManagerProcess manager = ManagerProcess.byScript(directory).awaitReady()) {
            for (int i = 0; i < STARTS; i++) {
                ready.add((System.nanoTime() - begun) / 1e9);
                manager.kill();
                begun = System.nanoTime();
                manager.restart().awaitReady();
            }
        } finally {
            Remains.delete(directory);
        }
        figures.add("manager ready by its start script (s), p50", ready, 50, "≤ 1");
        figures.add("manager ready by its start script (s), max", ready, 100, "–");
    }

    private static void tcpProbes(Figures figures) throws Exception {
        probes(
                figures,
                "tcp",
                "[/usr/bin/perl, -e, '" + LISTENER + "']",
                "{tcp: 8000, period: 1s, timeout: 1s}",
                "≤ 25");
    }

    private static void execProbes(Figures figures) throws Exception {
        probes(figures, "exec", "[/bin/sleep, \"100000\"]", "{exec: [/bin/true], period: 1s, timeout: 1s}", "≤ 60");
    }

    private static String fleet(int replicas, String command, String readiness) {
        return "name: scale\nservices:\n  s:\n    seccomp: network-server\n    command: " + command + "\n    replicas: "
                + replicas + "\n    readiness: " + readiness + "\n";
    }

    private static void probes(Figures figures, String kind, String command, String readiness, String promised)
            throws Exception {
        Path directory = Files.createTempDirectory("nucleus-scale-");
        Files.writeString(directory.resolve("fleet.yaml"), fleet(CONTAINERS, command, readiness));
        try (ManagerProcess manager = new ManagerProcess(directory, List.of()).awaitReady()) {
            awaitAll(manager);
            Thread.sleep(SETTLING);
            double lateBefore = late(manager);
            double probesBefore = scraped(manager, "nucleus_probe_lateness_seconds_count");
            double before = processor(manager);
            long begun = System.nanoTime();
            Thread.sleep(WATCHED);
            double seconds = (System.nanoTime() - begun) / 1e9;
            double used = processor(manager) - before;
            double probes = scraped(manager, "nucleus_probe_lateness_seconds_count") - probesBefore;
            String name = CONTAINERS + " containers, " + kind + " probes a second each: ";
            figures.add(name + "manager, % of one core", 100 * used / seconds, promised);
            figures.add(name + "probes a second", probes / seconds, "–");
            figures.add(name + "later than 100 ms, %", 100 * (late(manager) - lateBefore) / probes, "< 1");
            figures.add(name + "resident (MiB)", resident(manager), "≤ 400");
        } finally {
            Remains.delete(directory);
        }
    }

    private static void awaitAll(ManagerProcess manager) {
        Awaitility.await("all replicas are ready")
                .atMost(TIMEOUT)
                .pollInterval(Duration.ofMillis(200))
                .until(() -> manager.status("/actuator/health/scale") == 200);
    }

    private static double processor(ManagerProcess manager) throws IOException {
        String stat = Files.readString(
                Path.of("/proc", Long.toString(manager.process().pid()), "stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS;
    }

    private static double resident(ManagerProcess manager) throws IOException {
        return Files.readAllLines(
                        Path.of("/proc", Long.toString(manager.process().pid()), "status"))
                .stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D+", "")) / 1024)
                .sum();
    }

    private static double late(ManagerProcess manager) throws IOException {
        // From one scrape: probes continue meanwhile.
        List<String> scrape = scrape(manager);
        return value(scrape, "nucleus_probe_lateness_seconds_count")
                - value(scrape, "nucleus_probe_lateness_seconds_bucket{le=\"0.1\"}");
    }

    private static double scraped(ManagerProcess manager, String series) throws IOException {
        return value(scrape(manager), series);
    }

    private static List<String> scrape(ManagerProcess manager) throws IOException {
        return manager.get("/actuator/prometheus").body().lines().toList();
    }

    private static double value(List<String> scrape, String series) {
        return scrape.stream()
                .filter(line -> line.startsWith(series + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
                .sum();
    }

    private static void adoption(Figures figures) throws Exception {
        Path directory = Files.createTempDirectory("nucleus-scale-");
        Files.writeString(
                directory.resolve("fleet.yaml"),
                fleet(ADOPTED, "[/bin/sleep, \"100000\"]", "{exec: [/bin/true], period: 10s}"));
        try (ManagerProcess manager = new ManagerProcess(directory, List.of()).awaitReady()) {
            awaitAll(manager);
            var ready = new ArrayList<Double>();
            for (int i = 0; i < 3; i++) {
                manager.kill();
                long begun = System.nanoTime();
                manager.restart().awaitReady();
                ready.add((System.nanoTime() - begun) / 1e9);
                awaitAll(manager);
            }
            figures.add("manager ready after kill -9, " + ADOPTED + " adopted (s), p50", ready, 50, "≤ 2");
        } finally {
            Remains.delete(directory);
        }
    }

    private static void restarts(Figures figures) throws Exception {
        try (TestManager manager = TestManager.start("""
                name: scale
                services:
                  s: {command: [/bin/sleep, "1000"], restart: {policy: always, backoff: {from: 200ms, factor: 1}}}
                """)) {
            var late = new ArrayList<Double>();
            for (int i = 0; i < RESTARTS; i++) {
                int restart = i + 1;
                manager.await("scale/s-1", ReplicaStatus.RUNNING);
                manager.containerOf("scale/s-1").shim().signal(Signal.KILL);
                Awaitility.await()
                        .pollInterval(Duration.ofMillis(5))
                        .until(() -> manager.replica("scale/s-1").restarts() == restart
                                && manager.replica("scale/s-1").status() == ReplicaStatus.RUNNING);
                List<Transition> history = manager.replica("scale/s-1").history();
                Transition ended = history.get(history.size() - 3);
                Duration took = Duration.between(ended.at(), history.getLast().at());
                late.add(took.minus(BACKOFF).toNanos() / 1e6);
            }
            figures.add("restarted workload exec'd after its back-off, p50 (ms)", late, 50, "≤ 20");
            figures.add("restarted workload exec'd after its back-off, max (ms)", late, 100, "–");
        }
    }

    /** On its own: {@code java … dev.nucleus.bench.ScaleBenchmark}, with {@code exec} or {@code starts} that part alone. */
    public static void main(String[] arguments) throws Exception {
        var figures = new Figures(Path.of("target/scale.txt"));
        if (List.of(arguments).contains("starts")) {
            starts(figures);
        } else if (List.of(arguments).contains("exec")) {
            execProbes(figures);
        } else {
            measure(figures);
        }
        System.exit(figures.failed().isEmpty() ? 0 : 1);
    }
}
