package dev.nucleus.bench;

import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.Remains;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.awaitility.Awaitility;

/**
 * Latency of the health endpoints: of an idle manager, of one at 0.8 of the exec probes a second that it can run, and
 * of one whose workloads need more than all processors.
 */
final class HealthBenchmark {

    private static final int CONTAINERS = 64;
    private static final double LOAD = 0.8;
    private static final int WARM_UP = 2_000;
    private static final int REQUESTS = 1_000;
    private static final Duration BETWEEN = Duration.ofMillis(10);
    private static final Duration SETTLING = Duration.ofSeconds(5);
    private static final Duration WATCHED = Duration.ofSeconds(10);
    private static final List<String> PATHS =
            List.of("/actuator/health/readiness", "/actuator/health/scale", "/actuator/health/scale/s/s-1");
    private static final String SLEEP = "[/bin/sleep, \"100000\"]";

    private HealthBenchmark() {}

    /** Milliseconds. */
    private record Latency(double p50, double p99) {}

    static void measure(Figures figures) throws Exception {
        Latency idle = during(fleet(SLEEP, "{exec: [/bin/true], period: 1h}"), manager -> latency(manager));
        figures.add("health endpoints, idle: p50 (ms)", idle.p50(), "–");
        figures.add("health endpoints, idle: p99 (ms)", idle.p99(), "–");

        double capacity = during(
                fleet(SLEEP, "{exec: [/bin/true], period: 10ms, timeout: 10s}"), HealthBenchmark::probesPerSecond);
        figures.add("exec probes a second, as many as go, " + CONTAINERS + " containers", capacity, "–");
        String period = String.format(Locale.ROOT, "%.0fms", 1000 * CONTAINERS / (LOAD * capacity));
        during(fleet(SLEEP, "{exec: [/bin/true], period: " + period + ", timeout: 10s}"), manager -> {
            figures.add("exec probes a second, meant to be 0.8 of that", probesPerSecond(manager), "–");
            add(figures, "at 0.8 of the exec probes", latency(manager), idle);
            return 0;
        });

        int loops = 4 * Runtime.getRuntime().availableProcessors();
        String busy = fleet(SLEEP, "{exec: [/bin/true], period: 1h}")
                + "  busy: {command: [/bin/sh, -c, 'while :; do :; done'], replicas: " + loops + "}\n";
        during(busy, manager -> {
            add(figures, loops + " busy workloads", latency(manager), idle);
            return 0;
        });
    }

    private static void add(Figures figures, String load, Latency loaded, Latency idle) {
        figures.add("health endpoints, " + load + ": p50 (ms)", loaded.p50(), "–");
        figures.add("health endpoints, " + load + ": p99 (ms)", loaded.p99(), "–");
        figures.add("health endpoints, " + load + ": p50 / idle", loaded.p50() / idle.p50(), "–");
        figures.add("health endpoints, " + load + ": p99 / idle", loaded.p99() / idle.p99(), "≤ 10");
    }

    private static String fleet(String command, String readiness) {
        return "name: scale\nservices:\n  s:\n    seccomp: network-server\n    command: " + command + "\n    replicas: "
                + CONTAINERS + "\n    readiness: " + readiness + "\n";
    }

    private interface Measurement<T> {
        T of(ManagerProcess manager) throws Exception;
    }

    /** Measures a manager with a fleet, all of which is ready. */
    private static <T> T during(String fleet, Measurement<T> measurement) throws Exception {
        Path directory = Files.createTempDirectory("nucleus-health-");
        Files.writeString(directory.resolve("fleet.yaml"), fleet);
        try (ManagerProcess manager = new ManagerProcess(directory, List.of()).awaitReady()) {
            Awaitility.await("all replicas are ready")
                    .atMost(Duration.ofMinutes(2))
                    .pollInterval(Duration.ofMillis(200))
                    .until(() -> manager.status("/actuator/health/scale") == 200);
            return measurement.of(manager);
        } finally {
            Remains.delete(directory);
        }
    }

    private static double probesPerSecond(ManagerProcess manager) throws IOException, InterruptedException {
        Thread.sleep(SETTLING);
        double before = probes(manager);
        long begun = System.nanoTime();
        Thread.sleep(WATCHED);
        double after = probes(manager);
        return (after - before) / ((System.nanoTime() - begun) / 1e9);
    }

    private static double probes(ManagerProcess manager) throws IOException {
        return manager.get("/actuator/prometheus")
                .body()
                .lines()
                .filter(line -> line.startsWith("nucleus_probe_lateness_seconds_count "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(' ') + 1)))
                .sum();
    }

    private static Latency latency(ManagerProcess manager) throws InterruptedException {
        for (int i = 0; i < WARM_UP; i++) {
            manager.status(PATHS.get(i % PATHS.size()));
        }
        var took = new ArrayList<Double>();
        for (int i = 0; i < REQUESTS; i++) {
            Thread.sleep(BETWEEN);
            long begun = System.nanoTime();
            // A request that times out returns 0 and counts with its timeout.
            manager.status(PATHS.get(i % PATHS.size()));
            took.add((System.nanoTime() - begun) / 1e6);
        }
        return new Latency(Figures.percentile(took, 50), Figures.percentile(took, 99));
    }

    /** On its own: {@code java … dev.nucleus.bench.HealthBenchmark}. */
    public static void main(String[] arguments) throws Exception {
        measure(new Figures(Path.of("target/health.txt")));
    }
}
