package dev.nucleus.bench;

import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.rootfs.RootfsBuilder;
import dev.nucleus.support.Remains;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * The cost of all layers to a database: pgbench -S with 8 clients against the same PostgreSQL, outside and in
 * production mode, by Unix socket, on the same file system. Three runs of five short turns each: the speed of a shared
 * machine changes by a fifth within seconds, so turns have to be short, and each is compared with its neighbour.
 */
final class DatabaseBenchmark {

    private static final Path POSTGRES = Path.of("/usr/lib/postgresql/15");
    private static final List<Path> GROUPS = List.of(
            Path.of("/sys/fs/cgroup/cpu/nucleus-bench-database"),
            Path.of("/sys/fs/cgroup/memory/nucleus-bench-database"));
    private static final int ROUNDS = 15;
    private static final int RUNS = 3;
    private static final List<String> SERVERS = List.of("inside", "outside", "limited");
    private static final String SECONDS = "4";
    private static final Pattern RATE = Pattern.compile("tps = ([0-9.]+)");

    private static final String FLEET = """
            name: bench
            volumes: {data: {path: %3$s/inside}}
            services:
              init:
                mode: production
                rootfs: %1$s
                command: [%2$s/bin/initdb, -D, /data/db, -A, trust, -U, postgres, --locale=C, --no-sync]
                job: true
                user: "postgres:postgres"
                volumes: ["data:/data"]
                seccomp: database
                memory: 2G
                cpus: 2
              db:
                mode: production
                rootfs: %1$s
                command: [%2$s/bin/postgres, -D, /data/db, -k, /data, -c, "listen_addresses="]
                user: "postgres:postgres"
                volumes: ["data:/data"]
                seccomp: database
                memory: 2G
                cpus: 2
                cpu-weight: 800
                depends-on: {init: completed}
                readiness: {exec: [%2$s/bin/pg_isready, -h, /data], period: 500ms, timeout: 5s}
                stop: {signal: INT, grace: 30s}
            """;

    private DatabaseBenchmark() {}

    static void measure(Figures figures) throws Exception {
        Path directory = Files.createTempDirectory("nucleus-bench-").toRealPath();
        Files.setAttribute(directory, "unix:mode", 0755);
        Path rootfs = directory.resolve("rootfs");
        RootfsBuilder.build(
                rootfs,
                // initdb runs its own program by popen(3), which needs a shell.
                Stream.concat(
                                Stream.of("postgres", "initdb", "pg_isready").map(POSTGRES.resolve("bin")::resolve),
                                Stream.of(Path.of("/bin/sh")))
                        .toList(),
                List.of(POSTGRES.resolve("lib"), Path.of("/usr/share/postgresql/15"), Path.of("/usr/share/zoneinfo")),
                List.of(new RootfsBuilder.User("postgres", 26_001, 26_001)));
        try (TestManager manager = TestManager.start(FLEET.formatted(rootfs, POSTGRES, directory))) {
            Process outside = outside(Files.createDirectory(directory.resolve("outside")), List.of());
            Process limited = outside(Files.createDirectory(directory.resolve("limited")), limits());
            try {
                manager.await("bench/db-1", ReplicaStatus.READY);
                compare(directory, figures);
            } finally {
                for (Process server : List.of(outside, limited)) {
                    server.destroy();
                    server.waitFor();
                }
                for (Path group : GROUPS) {
                    Files.deleteIfExists(group);
                }
            }
        } finally {
            Remains.delete(directory);
        }
    }

    /**
     * The same control groups as the container's, and nothing else of Nucleus: if processor time is divided between
     * groups, a whole server in a group gets as much as one of pgbench's threads, and eight times that outside a group.
     */
    private static List<String> limits() throws IOException {
        for (Path group : GROUPS) {
            if (!Files.isDirectory(Objects.requireNonNull(group.getParent()))) {
                return List.of();
            }
            Files.createDirectories(group);
        }
        Files.writeString(GROUPS.getFirst().resolve("cpu.cfs_quota_us"), "200000");
        Files.writeString(GROUPS.getFirst().resolve("cpu.shares"), "8192");
        Files.writeString(GROUPS.getLast().resolve("memory.limit_in_bytes"), "2G");
        String join =
                "for g in " + GROUPS.getFirst() + " " + GROUPS.getLast() + "; do echo $$ > $g/tasks; done; exec \"$@\"";
        return List.of("sh", "-c", join, "sh");
    }

    /** Each server is idle while another is measured. */
    private static void compare(Path directory, Figures figures) throws IOException, InterruptedException {
        var rates = new TreeMap<String, List<Double>>();
        for (String server : SERVERS) {
            pgbench(directory.resolve(server), "-i", "-s", "10", "-q");
            rates.put(server, new ArrayList<>());
        }
        var turn = new ArrayList<>(SERVERS);
        for (int round = 0; round < ROUNDS; round++) {
            // A server that is later in a turn may find the machine faster or slower.
            Collections.rotate(turn, 1);
            for (String server : turn) {
                rates.get(server).add(rate(directory.resolve(server)));
            }
        }
        figures.note("pgbench -S, 8 clients, " + SECONDS + " s each, in turn, transactions a second, medians: "
                + rates.entrySet().stream()
                        .map(entry -> entry.getKey() + " " + Figures.format(Figures.percentile(entry.getValue(), 50)))
                        .collect(Collectors.joining(", ")));
        for (int run = 0; run < RUNS; run++) {
            int from = run * ROUNDS / RUNS;
            figures.add("pgbench -S, run " + (run + 1) + ", inside / outside", ratio(rates, "outside", from), "≥ 0.97");
        }
        figures.add("pgbench -S, inside / outside, all", ratio(rates, "outside", -1), "≥ 0.97");
        figures.add("pgbench -S, inside / outside in equal control groups", ratio(rates, "limited", -1), "–");
    }

    /** The median of the turns' ratios; {@code from} the first turn of a run, or -1 for all. */
    private static double ratio(Map<String, List<Double>> rates, String other, int from) {
        var ratios = new ArrayList<Double>();
        for (int round = Math.max(from, 0); round < (from < 0 ? ROUNDS : from + ROUNDS / RUNS); round++) {
            ratios.add(rates.get("inside").get(round) / rates.get(other).get(round));
        }
        return Figures.percentile(ratios, 50);
    }

    private static double rate(Path socket) throws IOException, InterruptedException {
        String output = pgbench(socket, "-S", "-c", "8", "-j", "2", "-T", SECONDS);
        Matcher rate = RATE.matcher(output);
        if (!rate.find()) {
            throw new IOException(output);
        }
        return Double.parseDouble(rate.group(1));
    }

    private static Process outside(Path directory, List<String> before) throws IOException, InterruptedException {
        run(List.of("chown", "postgres:postgres", directory.toString()));
        List<String> asPostgres = List.of("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups");
        String data = directory.resolve("db").toString();
        run(concat(
                asPostgres,
                POSTGRES + "/bin/initdb",
                "-D",
                data,
                "-A",
                "trust",
                "-U",
                "postgres",
                "--locale=C",
                "--no-sync"));
        Process server = new ProcessBuilder(concat(
                        Stream.concat(before.stream(), asPostgres.stream()).toList(),
                        POSTGRES + "/bin/postgres",
                        "-D",
                        data,
                        "-k",
                        directory.toString(),
                        "-c",
                        "listen_addresses="))
                .redirectErrorStream(true)
                .redirectOutput(Path.of("/dev/null").toFile())
                .start();
        Awaitility.await("PostgreSQL outside a container is ready")
                .failFast("it has exited", () -> !server.isAlive())
                .until(() -> new ProcessBuilder(POSTGRES + "/bin/pg_isready", "-q", "-h", directory.toString())
                                .start()
                                .waitFor()
                        == 0);
        return server;
    }

    private static List<String> concat(List<String> begin, String... rest) {
        return Stream.concat(begin.stream(), Stream.of(rest)).toList();
    }

    private static String pgbench(Path socket, String... options) throws IOException, InterruptedException {
        return run(concat(
                List.of(POSTGRES + "/bin/pgbench", "-h", socket.toString(), "-U", "postgres"),
                Stream.concat(Stream.of(options), Stream.of("postgres")).toArray(String[]::new)));
    }

    private static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + ": " + output);
        }
        return output;
    }

    /** On its own: {@code java … dev.nucleus.bench.DatabaseBenchmark}. */
    public static void main(String[] arguments) throws Exception {
        var figures = new Figures(Path.of("target/database.txt"));
        measure(figures);
    }
}
