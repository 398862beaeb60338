package dev.nucleus.bench;

import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.NetworkNamespace;
import dev.nucleus.support.Remains;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Networks compared with the least that would do the same: a namespace behind one rule, two routed veth pairs without
 * rules, nft(8), dnsmasq. The programs take turns, so that a drift of the machine's speed affects all alike. All of it
 * happens in network namespaces of its own.
 */
final class NetworkBenchmark {

    private static final int ROUNDS = 6;
    private static final int CONTAINERS = 200;
    private static final int PORTS = 1_000;
    private static final int BLOCKS = 10_000;
    private static final int SECONDS = 3;

    private static final String NGINX = """
            worker_processes 1; daemon off; pid /tmp/nginx.pid; error_log stderr crit;
            events { worker_connections 1024; }
            http {
              access_log off; keepalive_requests 1000000;
              client_body_temp_path /tmp/b; proxy_temp_path /tmp/p; fastcgi_temp_path /tmp/f; uwsgi_temp_path /tmp/u;
              scgi_temp_path /tmp/s;
              server { listen 8080; location / { return 200 "hello world\\n"; } }
            }
            """;

    /** One rule that leads port 9080 to nginx in a namespace, and port 53 to nobody. */
    private static final String ONE_RULE = """
            table ip bare {
              chain pre {
                type nat hook prerouting priority -100
                ip daddr 192.168.7.1 tcp dport 9080 dnat to 10.77.7.2:8080
              }
            }
            """;

    private final Path directory;
    private final Figures figures;
    private final NetworkNamespace host = NetworkNamespace.create();
    private final NetworkNamespace outside = NetworkNamespace.create();
    /** Two namespaces with routed links and without rules. */
    private final NetworkNamespace bare = NetworkNamespace.create();

    private final NetworkNamespace other = NetworkNamespace.create();
    private final ManagerProcess manager;

    private NetworkBenchmark(Path directory, Figures figures) throws IOException {
        this.directory = directory;
        this.figures = figures;
        host.connect(outside, "up0", "192.168.7.1/24", "192.168.7.2/24");
        host.connect(bare, "bare0", "10.77.7.1/24", "10.77.7.2/24");
        host.connect(other, "bare1", "10.77.8.1/24", "10.77.8.2/24");
        bare.script("ip route add default via 10.77.7.1");
        other.script("ip route add default via 10.77.8.1");
        Files.writeString(directory.resolve("nginx.conf"), NGINX);
        Files.writeString(directory.resolve("one-rule"), ONE_RULE);
        host.script("nft -f " + directory.resolve("one-rule"));
        manager = ManagerProcess.in(host, directory, "--nucleus.network.ip-forward=true")
                .awaitReady();
    }

    public static void main(String[] arguments) throws Exception {
        Path directory = Files.createTempDirectory("nucleus-networks-");
        Files.setAttribute(directory, "unix:mode", 0755);
        var figures = new Figures(Path.of("target/network-benchmarks.txt"));
        var benchmark = new NetworkBenchmark(directory, figures);
        try {
            figures.attempt("launches", benchmark::launches);
            figures.attempt("published port", benchmark::http);
            figures.attempt("container to container", benchmark::streams);
            figures.attempt("many containers", benchmark::manyContainers);
            figures.attempt("many ports", benchmark::manyPorts);
            figures.attempt("many blocks", benchmark::manyBlocks);
            figures.attempt("resolver", benchmark::resolver);
        } finally {
            benchmark.close();
            Remains.delete(directory);
        }
        System.exit(figures.failed().isEmpty() ? 0 : 1);
    }

    private void close() {
        manager.nucleus("ps", "-q").out().lines().forEach(id -> manager.nucleus("rm", "-f", id));
        manager.close();
        Stream.of(bare, other, outside, host).forEach(NetworkNamespace::close);
    }

    private String nucleus(String... words) throws IOException {
        ManagerProcess.Result result = manager.nucleus(words);
        if (result.code() != 0) {
            throw new IOException(List.of(words) + ": " + result.err());
        }
        return result.out().strip();
    }

    private static String address(String inspected) {
        Matcher matcher = Pattern.compile("\"(10\\.214\\.[0-9.]+)\"").matcher(inspected);
        if (!matcher.find()) {
            throw new IllegalStateException(inspected);
        }
        return matcher.group(1);
    }

    private static double ratio(List<Double> one, List<Double> other) {
        return Figures.percentile(one, 50) / Figures.percentile(other, 50);
    }

    private interface Measurement {
        double take(int round) throws IOException, InterruptedException;
    }

    /** Takes measurements in turn, each round in another order; the first round warms up. */
    private static Map<String, List<Double>> inTurn(Map<String, Measurement> measurements)
            throws IOException, InterruptedException {
        Map<String, List<Double>> values = new LinkedHashMap<>();
        for (int round = 0; round <= ROUNDS; round++) {
            List<String> names = new ArrayList<>(measurements.keySet());
            for (String name : round % 2 == 0 ? names : names.reversed()) {
                double value = measurements.get(name).take(round);
                if (round > 0) {
                    values.computeIfAbsent(name, _ -> new ArrayList<>()).add(value);
                }
            }
        }
        return values;
    }

    private void launches() throws IOException, InterruptedException {
        List<String> client = List.of(
                ManagerProcess.CLIENT.toString(), "--socket", manager.socket().toString(), "run");
        List<String> none =
                Stream.concat(client.stream(), Stream.of("--", "/bin/true")).toList();
        List<String> bridged = Stream.concat(client.stream(), Stream.of("--network", "bridge", "--", "/bin/true"))
                .toList();
        var times = new LinkedHashMap<String, List<Double>>();
        for (int round = 0; round <= ROUNDS; round++) {
            List<Double> without = Peers.time(directory, none, Duration.ZERO);
            List<Double> with = Peers.time(directory, bridged, Duration.ZERO);
            if (round > 0) {
                times.computeIfAbsent("none", _ -> new ArrayList<>()).addAll(without);
                times.computeIfAbsent("bridge", _ -> new ArrayList<>()).addAll(with);
            }
        }
        times.forEach((network, values) ->
                figures.add("run --network " + network + " -- true, whole process, p50 (ms)", values, 50, "–"));
        figures.add("launch: bridge / none", ratio(times.get("bridge"), times.get("none")), "≤ 1.5");
    }

    private void http() throws IOException, InterruptedException {
        String configuration = directory.resolve("nginx.conf").toString();
        bare.serve(8080, "/usr/sbin/nginx", "-c", configuration);
        String id = nucleus(
                "run",
                "-d",
                "--network",
                "bridge",
                "-p",
                "192.168.7.1:8080:8080",
                "--seccomp",
                "network-server",
                "-v",
                configuration + ":/srv/nginx.conf:ro",
                "--",
                "/usr/sbin/nginx",
                "-c",
                "/srv/nginx.conf");
        for (String mode : List.of("keep-alive", "close")) {
            var p99 = new LinkedHashMap<String, List<Double>>();
            Map<String, Measurement> measurements = new LinkedHashMap<>();
            for (var target : Map.of("one rule", 9080, "nucleus", 8080).entrySet()) {
                measurements.put(target.getKey(), round -> {
                    String output = outside.script("wrk -t1 -c16 -d" + SECONDS + " --latency -H 'Connection: " + mode
                            + "' http://192.168.7.1:" + target.getValue() + "/");
                    if (round > 0) {
                        p99.computeIfAbsent(target.getKey(), _ -> new ArrayList<>())
                                .add(millis(output));
                    }
                    return number(output, "Requests/sec: +([0-9.]+)");
                });
            }
            Map<String, List<Double>> rates = inTurn(measurements);
            rates.forEach(
                    (name, values) -> figures.add("HTTP, " + mode + ", " + name + " (requests/s)", values, 50, "–"));
            figures.add(
                    "HTTP, " + mode + ": nucleus / one rule",
                    ratio(rates.get("nucleus"), rates.get("one rule")),
                    "≥ 0.95");
            figures.add(
                    "HTTP, " + mode + ", p99: nucleus / one rule",
                    ratio(p99.get("nucleus"), p99.get("one rule")),
                    "≤ 1.1");
        }
        nucleus("rm", "-f", id);
    }

    private static double number(String text, String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        if (!matcher.find()) {
            throw new IllegalStateException(text);
        }
        return Double.parseDouble(matcher.group(1));
    }

    /** The 99th percentile as wrk prints it. */
    private static double millis(String output) {
        Matcher matcher = Pattern.compile("99% +([0-9.]+)(us|ms|s)").matcher(output);
        if (!matcher.find()) {
            throw new IllegalStateException(output);
        }
        double value = Double.parseDouble(matcher.group(1));
        return switch (matcher.group(2)) {
            case "us" -> value / 1000;
            case "ms" -> value;
            default -> value * 1000;
        };
    }

    private void streams() throws IOException, InterruptedException {
        bare.serve(5301, "iperf3", "-s", "-p", "5301");
        String server = nucleus(
                "run",
                "-d",
                "--network",
                "bridge",
                "--seccomp",
                "network-server",
                "--",
                "/usr/bin/iperf3",
                "-s",
                "-p",
                "5301");
        String to = address(nucleus("inspect", server));
        for (String protocol : List.of("TCP", "UDP")) {
            String options = protocol.equals("TCP") ? "" : " -u -b 0 -l 1400";
            Map<String, Measurement> measurements = new LinkedHashMap<>();
            measurements.put(
                    "no rules",
                    _ -> received(other.script("iperf3 -c 10.77.7.2 -p 5301 -f m -t " + SECONDS + options)));
            measurements.put(
                    "nucleus",
                    _ -> received(nucleus(
                            "run",
                            "--network",
                            "bridge",
                            "--seccomp",
                            "network-server",
                            "--",
                            "/bin/sh",
                            "-c",
                            "exec iperf3 -c " + to + " -p 5301 -f m -t " + SECONDS + options)));
            Map<String, List<Double>> rates = inTurn(measurements);
            rates.forEach((name, values) -> figures.add(protocol + ", " + name + " (Mbit/s)", values, 50, "–"));
            figures.add(
                    protocol + ": nucleus / no rules", ratio(rates.get("nucleus"), rates.get("no rules")), "≥ 0.95");
        }
        nucleus("rm", "-f", server);
    }

    private static double received(String output) {
        return number(output, "([0-9.]+) Mbits/sec.*receiver");
    }

    private static String fleet(String name, String network) {
        return "name: %s\nnetworks: {inside: {}}\nservices:\n  many: {replicas: %d, command: [/bin/sleep, '100000']%s}\n"
                .formatted(name, CONTAINERS, network);
    }

    /** From the start of a manager whose fleet is declared to the last replica that runs. */
    private double up(String kind, String network) throws IOException {
        Path own = Files.createDirectories(directory.resolve(kind));
        Files.writeString(own.resolve("fleet.yaml"), fleet(kind, network));
        try (ManagerProcess fleet = ManagerProcess.in(host, own, "--nucleus.network.table=nucleus-" + kind)) {
            long begun = System.nanoTime();
            fleet.awaitReady(Duration.ofMinutes(2));
            while (fleet.nucleus("ps", "-q").out().lines().count() < CONTAINERS) {
                Thread.onSpinWait();
            }
            double seconds = (System.nanoTime() - begun) / 1e9;
            fleet.nucleus("ps", "-q").out().lines().forEach(id -> fleet.nucleus("rm", "-f", id));
            fleet.nucleus("stop", "--grace", "0s", kind);
            return seconds;
        }
    }

    private void manyContainers() throws IOException {
        var times = new LinkedHashMap<String, List<Double>>();
        for (int round = 0; round < 3; round++) {
            times.computeIfAbsent("none", _ -> new ArrayList<>()).add(up("none" + round, ""));
            times.computeIfAbsent("inside", _ -> new ArrayList<>()).add(up("inside" + round, ", networks: [inside]"));
        }
        times.forEach((name, values) ->
                figures.add(CONTAINERS + " replicas up, network " + name + " (s), p50", values, 50, "–"));
        figures.add(CONTAINERS + " replicas: network / none", ratio(times.get("inside"), times.get("none")), "≤ 1.5");
    }

    private static double millisOf(Measured command) throws IOException {
        long begun = System.nanoTime();
        command.run();
        return (System.nanoTime() - begun) / 1e6;
    }

    private interface Measured {
        void run() throws IOException;
    }

    private void manyPorts() throws IOException, InterruptedException {
        List<String> options = IntStream.range(0, PORTS)
                .boxed()
                .flatMap(i -> Stream.of("-p", "192.168.7.1:" + (20_000 + i) + ":" + (20_000 + i)))
                .toList();
        String elements = IntStream.range(0, PORTS)
                .mapToObj(i -> "192.168.7.1 . tcp . %d".formatted(20_000 + i))
                .collect(Collectors.joining(", "));
        String backends = IntStream.range(0, PORTS)
                .mapToObj(i -> "192.168.7.1 . tcp . %d : 10.1.1.1 . %d".formatted(20_000 + i, 20_000 + i))
                .collect(Collectors.joining(", "));
        Files.writeString(
                directory.resolve("ports"),
                "table ip many {\n set p { type ipv4_addr . inet_proto . inet_service; elements = { " + elements
                        + " }\n }\n"
                        + " map v { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; elements = { "
                        + backends + " }\n }\n}\n");
        Map<String, Measurement> measurements = new LinkedHashMap<>();
        measurements.put("nft -f", _ -> {
            double millis = millisOf(() -> host.script("nft -f " + directory.resolve("ports")));
            host.script("nft delete table ip many");
            return millis;
        });
        measurements.put("nucleus", _ -> launched(options) - launched(List.of()));
        Map<String, List<Double>> times = inTurn(measurements);
        times.forEach((name, values) -> figures.add(PORTS + " published ports, " + name + " (ms)", values, 50, "–"));
        figures.add(PORTS + " published ports: nucleus / nft", ratio(times.get("nucleus"), times.get("nft -f")), "≤ 3");
    }

    /** Milliseconds that a launch takes. */
    private double launched(List<String> options) throws IOException {
        var words = new ArrayList<>(List.of("run", "-d", "--network", "bridge"));
        words.addAll(options);
        words.addAll(List.of("--", "/bin/sleep", "1000"));
        var id = new String[1];
        double millis = millisOf(() -> id[0] = nucleus(words.toArray(String[]::new)));
        nucleus("rm", "-f", id[0]);
        return millis;
    }

    private void manyBlocks() throws IOException, InterruptedException {
        List<String> blocks = IntStream.range(0, BLOCKS)
                .mapToObj(i -> "11.%d.%d.0/25".formatted(i / 256, i % 256))
                .toList();
        Files.writeString(
                directory.resolve("blocks"),
                "table ip many {\n set b { type ipv4_addr; flags interval; elements = { " + String.join(", ", blocks)
                        + " }\n }\n chain c {\n ip daddr @b accept\n }\n}\n");
        String id = nucleus("run", "-d", "--network", "bridge", "--egress", "none", "--", "/bin/sleep", "1000");
        var words = new ArrayList<>(List.of("network", "egress", id));
        words.addAll(blocks);
        Map<String, Measurement> measurements = new LinkedHashMap<>();
        measurements.put("nft -f", _ -> {
            double millis = millisOf(() -> host.script("nft -f " + directory.resolve("blocks")));
            host.script("nft delete table ip many");
            return millis;
        });
        measurements.put("nucleus", _ -> {
            double millis = millisOf(() -> nucleus(words.toArray(String[]::new)));
            nucleus("network", "egress", id, "none");
            return millis;
        });
        Map<String, List<Double>> times = inTurn(measurements);
        times.forEach((name, values) -> figures.add(BLOCKS + " blocks of egress, " + name + " (ms)", values, 50, "–"));
        figures.add(
                BLOCKS + " blocks of egress: nucleus / nft", ratio(times.get("nucleus"), times.get("nft -f")), "≤ 3");
        nucleus("rm", "-f", id);
    }

    /** Answers a second about a name of the network, compared with dnsmasq about a name of its own. */
    private void resolver() throws IOException, InterruptedException {
        bare.serve(53, "dnsmasq", "--no-daemon", "--no-resolv", "--no-hosts", "--address=/web.internal/10.1.1.1");
        nucleus("run", "-d", "--name", "web", "--network", "bridge", "--", "/bin/sleep", "1000");
        Files.writeString(directory.resolve("peer"), "web.internal A\n");
        Files.writeString(directory.resolve("own"), "web A\n");
        String load = " -d %s -l " + SECONDS + " -c 4 -q 100";
        Map<String, Measurement> measurements = new LinkedHashMap<>();
        measurements.put(
                "dnsmasq",
                _ -> answered(other.script("dnsperf -s 10.77.7.2" + load.formatted(directory.resolve("peer")))));
        measurements.put(
                "nucleus",
                _ -> answered(nucleus(
                        "run",
                        "--network",
                        "bridge",
                        "--seccomp",
                        "network-server",
                        "-v",
                        directory.resolve("own") + ":/srv/own:ro",
                        "--",
                        "/bin/sh",
                        "-c",
                        "exec dnsperf -s $(sed -n 's/nameserver //p' /etc/resolv.conf)" + load.formatted("/srv/own"))));
        Map<String, List<Double>> rates = inTurn(measurements);
        rates.forEach((name, values) -> figures.add("resolver, " + name + " (answers/s)", values, 50, "–"));
        figures.add("resolver: nucleus / dnsmasq", ratio(rates.get("nucleus"), rates.get("dnsmasq")), "≥ 0.5");
        nucleus("rm", "-f", "web");
    }

    private static double answered(String output) {
        return number(output, "Queries per second: +([0-9.]+)");
    }
}
