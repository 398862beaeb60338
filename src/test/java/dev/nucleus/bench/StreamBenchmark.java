package dev.nucleus.bench;

import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.Remains;
import dev.nucleus.support.TestRootfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Attached streams compared with bubblewrap and runc: 1 GB of zeros, 1 GB of 6-byte lines and 1 GB of input, and whole
 * commands back to back and with half a second between. The programs take turns, so that a drift of the machine's speed
 * affects all alike.
 */
final class StreamBenchmark {

    private static final int ROUNDS = 5;
    /** Commands before the measured ones, after which the JIT compiler has compiled most of their path. */
    private static final int WARM_UP = 1_000;

    private static final String BYTES = "1000000000";
    private static final String LINES = "yes hello | head -c " + BYTES;
    private static final List<String> BUBBLEWRAP =
            List.of("bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev");

    private StreamBenchmark() {}

    public static void main(String[] arguments) throws Exception {
        Path directory = Files.createTempDirectory("nucleus-streams-");
        Files.writeString(directory.resolve("fleet.yaml"), "name: none\nservices: {}\n");
        var figures = new Figures(Path.of("target/stream-benchmarks.txt"));
        try (ManagerProcess manager = new ManagerProcess(directory).awaitReady()) {
            measure(directory, manager, figures);
        } finally {
            Remains.delete(directory);
        }
        System.exit(0);
    }

    private static void measure(Path directory, ManagerProcess manager, Figures figures) throws Exception {
        List<String> client = List.of(
                ManagerProcess.CLIENT.toString(), "--socket", manager.socket().toString(), "run");
        throughput(directory, client, figures, "zeros", "", "head -c " + BYTES + " /dev/zero");
        throughput(directory, client, figures, "6-byte lines", "", LINES);
        throughput(directory, client, figures, "input", "head -c " + BYTES + " /dev/zero | ", "cat");
        List<String> trivial = concatenate(client, List.of("--", "/bin/true"));
        for (int i = 0; i < WARM_UP; i++) {
            time(trivial);
        }
        latency(directory, client, figures, "back to back", Duration.ZERO);
        latency(directory, client, figures, "0.5 s between commands", Duration.ofMillis(500));
    }

    /** Times whole command lines of a shell; the consumer reads a pipe. */
    private static void throughput(
            Path directory, List<String> client, Figures figures, String name, String feed, String script)
            throws IOException, InterruptedException {
        Map<String, String> commands = new LinkedHashMap<>();
        String quoted = "sh -c '" + script + "'";
        commands.put("bwrap", feed + String.join(" ", BUBBLEWRAP) + " " + quoted);
        commands.put("nucleus", feed + String.join(" ", client) + (feed.isEmpty() ? " -n" : "") + " -- " + quoted);
        commands.put("runc", feed + String.join(" ", runc(directory, script)));
        Map<String, List<Double>> times = new LinkedHashMap<>();
        for (int round = 0; round <= ROUNDS; round++) {
            for (var command : commands.entrySet()) {
                double millis = time(List.of("/bin/sh", "-c", command.getValue() + " | cat > /dev/null"));
                if (round > 0) {
                    times.computeIfAbsent(command.getKey(), _ -> new ArrayList<>())
                            .add(millis);
                }
            }
        }
        times.forEach(
                (program, values) -> figures.add("1 GB of " + name + ", " + program + " (ms), p50", values, 50, "–"));
        figures.add(
                "1 GB of " + name + ": speed, nucleus / bwrap",
                ratio(times.get("bwrap"), times.get("nucleus")),
                "≥ 0.5");
    }

    private static void latency(Path directory, List<String> client, Figures figures, String name, Duration pause)
            throws IOException, InterruptedException {
        Map<String, List<String>> commands = new LinkedHashMap<>();
        commands.put("bwrap", concatenate(BUBBLEWRAP, List.of("/bin/true")));
        commands.put("nucleus", concatenate(client, List.of("--", "/bin/true")));
        commands.put("runc", runc(directory, "exit 0"));
        Map<String, List<Double>> times = new LinkedHashMap<>();
        for (int round = 0; round < ROUNDS; round++) {
            for (var command : commands.entrySet()) {
                times.computeIfAbsent(command.getKey(), _ -> new ArrayList<>())
                        .addAll(Peers.time(directory, command.getValue(), pause));
            }
        }
        times.forEach(
                (program, values) -> figures.add("true, " + name + ", " + program + " (ms), p50", values, 50, "–"));
        figures.add("true, " + name + ": nucleus / bwrap", ratio(times.get("nucleus"), times.get("bwrap")), "≤ 1.2");
    }

    private static List<String> concatenate(List<String> one, List<String> other) {
        var all = new ArrayList<>(one);
        all.addAll(other);
        return all;
    }

    private static double ratio(List<Double> one, List<Double> other) {
        return Figures.percentile(one, 50) / Figures.percentile(other, 50);
    }

    private static double time(List<String> command) throws IOException, InterruptedException {
        long begun = System.nanoTime();
        Process process = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        process.getOutputStream().close();
        if (process.waitFor() != 0) {
            throw new IOException(command + " ended with " + process.exitValue());
        }
        return (System.nanoTime() - begun) / 1e6;
    }

    private static List<String> runc(Path directory, String script) throws IOException, InterruptedException {
        Path bundle = directory.resolve("bundle");
        if (Files.notExists(bundle)) {
            Files.createDirectories(bundle);
            TestRootfs.build(bundle.resolve("rootfs"), "/bin/sh", "/usr/bin/head", "/usr/bin/yes", "/bin/cat");
            for (String place : List.of("proc", "sys", "dev")) {
                Files.createDirectories(bundle.resolve("rootfs").resolve(place));
            }
            new ProcessBuilder("runc", "spec")
                    .directory(bundle.toFile())
                    .start()
                    .waitFor();
        }
        Path config = bundle.resolve("config.json");
        var json = (ObjectNode) JsonMapper.shared().readTree(config.toFile());
        var process = (ObjectNode) json.path("process");
        ArrayNode command = process.put("terminal", false).putArray("args");
        List.of("/bin/sh", "-c", script).forEach(command::add);
        process.remove("rlimits");
        Files.writeString(config, json.toString());
        return List.of(
                "runc", "--root", directory.resolve("runc").toString(), "run", "--bundle", bundle.toString(), "bench");
    }
}
