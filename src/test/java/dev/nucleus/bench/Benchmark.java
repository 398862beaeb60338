package dev.nucleus.bench;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerState;
import dev.nucleus.container.LaunchOrder;
import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.plan.LaunchStep;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.spec.UserNamespace;
import dev.nucleus.startup.PreparedStart;
import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.Remains;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;

/** Measures every figure that docs/benchmarks.md promises: {@code ./mvnw -Pbench verify}. */
public final class Benchmark {

    private static final ContainerSpec TRUE = ContainerSpec.of(Mode.AGENT, List.of("/bin/true"));
    private static final int WARM_UP = 400;
    private static final int LAUNCHES = 600;
    /** Launches after which the JIT compiler has compiled their path. */
    private static final int STEADY = 5_000;

    private static final int STEADY_COMMANDS = 2_000;
    /** Pause between measured launches, in which most of the previous container is torn down. */
    private static final Duration PAUSE = Duration.ofMillis(15);

    private static final int CROWD = 50;
    private static final int CROWD_LAUNCHES = 2_000;
    private static final int CROWD_ROUNDS = 3;
    private static final int FLOOR_LAUNCHES = 200;
    private static final int KILLS = 30;
    private static final int STARTS = 5;

    private final Figures figures;

    private Benchmark(Figures figures) {
        this.figures = figures;
    }

    public static void main(String[] arguments) throws Exception {
        var figures = new Figures(Path.of("target/benchmarks.txt"));
        var benchmark = new Benchmark(figures);
        figures.attempt("launches", benchmark::inOneManager);
        figures.attempt("launches with records in memory", benchmark::inMemory);
        figures.attempt("processes in no container", benchmark::processes);
        figures.attempt("whole processes", benchmark::wholeProcess);
        figures.attempt("killed workloads", benchmark::kills);
        figures.attempt("starts", benchmark::starts);
        figures.attempt("attestation", () -> AttestationBenchmark.measure(figures));
        figures.attempt("database", () -> DatabaseBenchmark.measure(figures));
        figures.attempt("health", () -> HealthBenchmark.measure(figures));
        figures.attempt("scale", () -> ScaleBenchmark.measure(figures));
        System.exit(figures.failed().isEmpty() ? 0 : 1);
    }

    private void inOneManager() {
        try (TestManager manager = TestManager.start()) {
            figures.attempt("a launch", () -> launches(manager));
            figures.attempt("user namespaces", () -> userNamespaces(manager));
            figures.attempt("launches in a row", () -> launchesInARow(manager));
            figures.attempt("launches at once", () -> crowd(manager));
            figures.attempt("shims", () -> shims(manager));
            figures.attempt("kernel alone", () -> floor(manager));
        }
    }

    private static LaunchOrder order(ContainerSpec spec) {
        return LaunchOrder.attached(spec);
    }

    private static double millis(long nanos) {
        return nanos / 1e6;
    }

    private record Latencies(List<Double> exec, List<Double> exit, EnumMap<LaunchStep, List<Double>> steps) {}

    private static Latencies latencies(TestManager manager) throws InterruptedException {
        var latencies = new Latencies(
                new ArrayList<>(), new ArrayList<>(), new EnumMap<LaunchStep, List<Double>>(LaunchStep.class));
        for (int i = 0; i < LAUNCHES; i++) {
            Thread.sleep(PAUSE);
            long begun = System.nanoTime();
            manager.containers().run(order(TRUE), (_, _, _, _) -> {}, attachment -> {
                latencies.exec().add(millis(System.nanoTime() - begun));
                ((ContainerState.Running) attachment.container().state())
                        .steps()
                        .forEach((step, at) -> latencies
                                .steps()
                                .computeIfAbsent(step, _ -> new ArrayList<>())
                                .add(millis(at.toNanos())));
            });
            latencies.exit().add(millis(System.nanoTime() - begun));
        }
        return latencies;
    }

    private static void warmUp(TestManager manager, int launches) {
        for (int i = 0; i < launches; i++) {
            manager.containers().run(order(TRUE), (_, _, _, _) -> {}, _ -> {});
        }
    }

    private void launches(TestManager manager) throws InterruptedException {
        warmUp(manager, WARM_UP);
        Latencies young = latencies(manager);
        warmUp(manager, STEADY);
        Latencies steady = latencies(manager);
        figures.add("request → workload exec'd, p50", steady.exec(), 50, "≤ 2.5 ms");
        figures.add("request → workload exec'd, p99", steady.exec(), 99, "≤ 8 ms");
        figures.add("request → exit seen, p50", steady.exit(), 50, "≤ 4 ms");
        figures.add("request → exit seen, p99", steady.exit(), 99, "–");
        figures.add("a young manager, launches 401 to 1000: exec'd p50", young.exec(), 50, "–");
        figures.add("a young manager: exec'd p99", young.exec(), 99, "–");
        figures.add("a young manager: exit seen, p50", young.exit(), 50, "–");
        figures.note("steps of a launch, done after (median ms from the request's arrival at the shim): "
                + steady.steps().entrySet().stream()
                        .map(entry ->
                                entry.getKey().label() + " " + Figures.format(Figures.percentile(entry.getValue(), 50)))
                        .reduce((a, b) -> a + ", " + b)
                        .orElse(""));
    }

    /** Launches with and without a user namespace, in turn; both copy the shim's memory. */
    private void userNamespaces(TestManager manager) throws InterruptedException {
        ContainerSpec copied = TRUE.change().timeNamespace(true).build();
        ContainerSpec mapped =
                copied.change().userNamespace(new UserNamespace.Auto()).build();
        var exec = new EnumMap<Mapping, List<Double>>(Mapping.class);
        for (int i = -WARM_UP; i < LAUNCHES / 2; i++) {
            for (Mapping mapping : Mapping.values()) {
                Thread.sleep(PAUSE);
                ContainerSpec spec = switch (mapping) {
                    case NONE -> TRUE;
                    case COPIED -> copied;
                    case AUTO -> mapped;
                };
                long begun = System.nanoTime();
                long[] started = new long[1];
                manager.containers().run(order(spec), (_, _, _, _) -> {}, _ -> started[0] = System.nanoTime());
                if (i >= 0) {
                    exec.computeIfAbsent(mapping, _ -> new ArrayList<>()).add(millis(started[0] - begun));
                }
            }
        }
        double none = Figures.percentile(exec.get(Mapping.NONE), 50);
        double copy = Figures.percentile(exec.get(Mapping.COPIED), 50);
        double auto = Figures.percentile(exec.get(Mapping.AUTO), 50);
        figures.add("exec'd p50 without a user namespace, in turn with the two below", none, "–");
        figures.add("exec'd p50 with a time namespace", copy, "–");
        figures.add("exec'd p50 with that and a user namespace", auto, "–");
        figures.add("a user namespace adds, p50 (ms)", auto - copy, "≤ 0.5");
    }

    private enum Mapping {
        NONE,
        COPIED,
        AUTO
    }

    private void launchesInARow(TestManager manager) {
        var exec = new ArrayList<Double>();
        for (int i = 0; i < LAUNCHES; i++) {
            long begun = System.nanoTime();
            manager.containers().run(order(TRUE), (_, _, _, _) -> {}, _ -> exec.add(millis(System.nanoTime() - begun)));
        }
        figures.add("the same without a pause between launches, exec'd p50", exec, 50, "–");
    }

    private void crowd(TestManager manager) throws InterruptedException {
        figures.add("launches a second, 50 under way", launchesAtOnce(manager), "–");
    }

    private static double launchesAtOnce(TestManager manager) throws InterruptedException {
        return atOnce(() -> manager.containers().run(order(TRUE), (_, _, _, _) -> {}, _ -> {}));
    }

    /**
     * The kernel alone writes no file, so the cost of the disk's file system is excluded: ext4 without a journal does
     * not reuse an inode freed within the last minute, and searches past all of them (recently_deleted in
     * fs/ext4/ialloc.c).
     */
    private void inMemory() throws Exception {
        Path directory = Files.createTempDirectory(Path.of("/dev/shm"), "nucleus-bench-");
        List<String> settings = List.of(
                "--nucleus.run-dir=" + directory.resolve("run"), "--nucleus.state-dir=" + directory.resolve("state"));
        try (TestManager manager = TestManager.start("name: none\nservices: {}\n", settings)) {
            warmUp(manager, STEADY);
            var ratios = new ArrayList<Double>();
            for (int i = 0; i < CROWD_ROUNDS; i++) {
                double launches = launchesAtOnce(manager);
                ratios.add(launches
                        / LaunchFloor.measure(manager, order(TRUE), FLOOR_LAUNCHES, CROWD)
                                .get("launches-per-second"));
            }
            figures.add("launches/s, 50 under way, tmpfs: nucleus / kernel", ratios, 50, "≥ 0.7");
        } finally {
            Remains.delete(directory);
        }
    }

    /** @return launches a second, with {@link #CROWD} under way all the time */
    private static double atOnce(Runnable launch) throws InterruptedException {
        var places = new Semaphore(CROWD);
        var done = new CountDownLatch(CROWD_LAUNCHES);
        long begun = System.nanoTime();
        for (int i = 0; i < CROWD_LAUNCHES; i++) {
            places.acquire();
            Thread.ofVirtual().start(() -> {
                try {
                    launch.run();
                } finally {
                    places.release();
                    done.countDown();
                }
            });
        }
        done.await();
        return CROWD_LAUNCHES / ((System.nanoTime() - begun) / 1e9);
    }

    private void floor(TestManager manager) throws IOException, InterruptedException {
        Map<String, Double> floor = LaunchFloor.measure(manager, order(TRUE), LAUNCHES, CROWD);
        figures.add("kernel alone: the same launch by one C program, exec'd p50", floor.get("exec-p50-ms"), "–");
        figures.add("kernel alone: exec'd p99", floor.get("exec-p99-ms"), "–");
        figures.add("kernel alone: exit seen, p50", floor.get("exit-p50-ms"), "–");
        figures.add("kernel alone: launches a second, 50 under way", floor.get("launches-per-second"), "–");
    }

    /** The time that the JDK takes on this machine for a process without a container. */
    private void processes() throws Exception {
        var exec = new ArrayList<Double>();
        var exit = new ArrayList<Double>();
        for (int i = -WARM_UP; i < LAUNCHES; i++) {
            Thread.sleep(PAUSE);
            long begun = System.nanoTime();
            Process process = new ProcessBuilder("/bin/true").start();
            if (i >= 0) {
                exec.add(millis(System.nanoTime() - begun));
            }
            process.waitFor();
            if (i >= 0) {
                exit.add(millis(System.nanoTime() - begun));
            }
        }
        figures.add("no container: ProcessBuilder.start, p50", exec, 50, "–");
        figures.add("no container: ProcessBuilder.start, p99", exec, 99, "–");
        figures.add("no container: exit seen, p50", exit, 50, "–");
        figures.add("no container: ProcessBuilder a second, 50 under way", atOnce(Benchmark::process), "–");
    }

    private static void process() {
        try {
            new ProcessBuilder("/bin/true").start().waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void shims(TestManager manager) throws IOException {
        var containers = new ArrayList<Container>();
        for (int i = 0; i < 20; i++) {
            containers.add(manager.launch("/bin/sleep", "1000"));
        }
        var pss = new ArrayList<Double>();
        for (String process : Remains.processes()) {
            String[] parts = process.split(" ");
            if (parts[1].equals("nucleus-shim")) {
                pss.add(Files.readAllLines(Path.of("/proc", parts[0], "smaps_rollup")).stream()
                        .filter(line -> line.startsWith("Pss:"))
                        .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D+", "")))
                        .sum());
            }
        }
        figures.add("shim, PSS with 20 containers (KiB, largest)", Figures.percentile(pss, 100), "≤ 200");
        containers.forEach(container -> manager.containers().stop(container, new StopSpec(Signal.KILL, Duration.ZERO)));
    }

    private void wholeProcess() throws Exception {
        Path directory = Files.createTempDirectory("nucleus-bench-");
        try (ManagerProcess manager = new ManagerProcess(directory, List.of()).awaitReady()) {
            for (int i = 0; i < STEADY_COMMANDS; i++) {
                manager.nucleus("run", "--", "/bin/true");
            }
            Peers.compare(
                    directory,
                    List.of(
                            ManagerProcess.CLIENT.toString(),
                            "--socket",
                            manager.socket().toString(),
                            "run",
                            "--",
                            "/bin/true"),
                    figures);
        } finally {
            Remains.delete(directory);
        }
    }

    private void kills() throws Exception {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web: {command: [/bin/sleep, "1000"], restart: {policy: always, backoff: {from: 300ms, factor: 1}}}
                """)) {
            var down = new ArrayList<Double>();
            for (int i = 0; i < KILLS; i++) {
                manager.await("shop/web-1", ReplicaStatus.RUNNING);
                manager.get("/actuator/health/shop");
                Container container = manager.containerOf("shop/web-1");
                long begun = System.nanoTime();
                container.shim().signal(Signal.KILL);
                while (manager.get("/actuator/health/shop").statusCode() != 503) {
                    Thread.onSpinWait();
                }
                down.add(millis(System.nanoTime() - begun));
            }
            figures.add("killed workload → DOWN at Actuator, p50", down, 50, "–");
            figures.add("killed workload → DOWN at Actuator, max", down, 100, "≤ 100 ms");
        }
    }

    private void starts() throws Exception {
        starts("manager ready after kill -9, 20 adopted, java -jar (s), p50", List.of());
        starts("the same without what the build prepared (s), p50", List.of("-D" + PreparedStart.SWITCH + "=false"));
    }

    private void starts(String name, List<String> options) throws Exception {
        Path directory = Files.createTempDirectory("nucleus-bench-");
        Files.writeString(
                directory.resolve("fleet.yaml"),
                "name: shop\nservices:\n  web: {command: [/bin/sleep, \"1000\"], replicas: 20}\n");
        try (ManagerProcess manager =
                new ManagerProcess(directory, options).awaitReady().awaitUp("shop")) {
            var ready = new ArrayList<Double>();
            for (int i = 0; i < STARTS; i++) {
                manager.kill();
                long begun = System.nanoTime();
                manager.restart().awaitReady();
                ready.add((System.nanoTime() - begun) / 1e9);
            }
            figures.add(name, Figures.percentile(ready, 50), "≤ 3");
        } finally {
            Remains.delete(directory);
        }
    }
}
