package dev.nucleus.bench;

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
import tools.jackson.databind.node.ObjectNode;

/**
 * "Start, run true, exit" of whole processes, side by side: hyperfine times each command in turn, in several rounds, so
 * that a drift of the machine's speed affects all alike.
 */
final class Peers {

    private static final int ROUNDS = 4;
    private static final String RUNS = "25";

    private Peers() {}

    static void compare(Path directory, List<String> nucleus, Figures figures)
            throws IOException, InterruptedException {
        Map<String, List<String>> commands = new LinkedHashMap<>();
        commands.put("nucleus run -- /bin/true", nucleus);
        commands.put("bwrap --unshare-all", List.of("bwrap", "--unshare-all", "--ro-bind", "/", "/", "/bin/true"));
        commands.put("runc run", runc(directory));
        Map<String, List<Double>> times = new LinkedHashMap<>();
        for (int round = 0; round < ROUNDS; round++) {
            for (var entry : commands.entrySet()) {
                times.computeIfAbsent(entry.getKey(), _ -> new ArrayList<>())
                        .addAll(time(directory, entry.getValue(), Duration.ZERO));
            }
        }
        times.forEach((name, values) -> figures.add(name + ", whole process, p50", values, 50, "–"));
        double ratio = Figures.percentile(times.get("nucleus run -- /bin/true"), 50)
                / Figures.percentile(times.get("bwrap --unshare-all"), 50);
        figures.add("nucleus run / bwrap --unshare-all", ratio, "≤ 1.5");
    }

    /**
     * Times a command, started by a program that does nothing else: the overhead of a shell or a JVM would be in both
     * sides of a ratio.
     *
     * @param pause before each run
     * @return times in ms
     */
    static List<Double> time(Path directory, List<String> command, Duration pause)
            throws IOException, InterruptedException {
        Path json = directory.resolve("hyperfine.json");
        var whole = new ArrayList<>(
                List.of("hyperfine", "-N", "--warmup", "3", "--runs", RUNS, "--export-json", json.toString()));
        if (pause.isPositive()) {
            whole.addAll(List.of("--prepare", "sleep " + pause.toMillis() / 1000.0));
        }
        whole.add(String.join(" ", command));
        Process process = new ProcessBuilder(whole)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("hyperfine.log").toFile())
                .start();
        if (process.waitFor() != 0) {
            throw new IOException(Files.readString(directory.resolve("hyperfine.log")));
        }
        var times = new ArrayList<Double>();
        JsonMapper.shared()
                .readTree(json.toFile())
                .path("results")
                .path(0)
                .path("times")
                .forEach(time -> times.add(time.asDouble() * 1000));
        return times;
    }

    /** A bundle with runc's default configuration, with {@code true} as its command and no terminal. */
    private static List<String> runc(Path directory) throws IOException, InterruptedException {
        Path bundle = Files.createDirectories(directory.resolve("bundle"));
        TestRootfs.build(bundle.resolve("rootfs"), "/bin/true");
        for (String place : List.of("proc", "sys", "dev")) {
            Files.createDirectories(bundle.resolve("rootfs").resolve(place));
        }
        new ProcessBuilder("runc", "spec").directory(bundle.toFile()).start().waitFor();
        Path config = bundle.resolve("config.json");
        var json = (ObjectNode) JsonMapper.shared().readTree(config.toFile());
        var process = (ObjectNode) json.path("process");
        process.put("terminal", false).putArray("args").add("/bin/true");
        process.remove("rlimits");
        Files.writeString(config, json.toString());
        return List.of(
                "runc", "--root", directory.resolve("runc").toString(), "run", "--bundle", bundle.toString(), "bench");
    }
}
