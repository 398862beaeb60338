package dev.nucleus.cli;

import dev.nucleus.cgroup.CgroupUsage;
import dev.nucleus.cgroup.CgroupUsages;
import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.spec.Durations;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.MemorySize;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import picocli.CommandLine;

/** {@code nucleus stats}: shows the resource usage of containers and how long they were stalled. */
@CommandLine.Command(
        name = "stats",
        description = "Show the resource usage of containers; without a name, of all running ones.")
final class StatsCommand implements Callable<Integer> {

    private static final Duration SHORTEST = Duration.ofMillis(100);

    private final Containers containers;
    private final Fleets fleets;
    private final CgroupUsages usages;
    private final Session session;

    @CommandLine.Option(
            names = {"-f", "--follow"},
            description = "repeat the table until interrupted or until the named containers have stopped")
    private boolean follow;

    @CommandLine.Option(
            names = "--interval",
            paramLabel = "DURATION",
            defaultValue = "1s",
            description = "time between two tables; default: 1s")
    private String interval = "1s";

    @CommandLine.Parameters(arity = "0..*", paramLabel = "CONTAINER", description = "container names or ID prefixes")
    private List<String> references = List.of();

    /** CPU time at a point in time, to compute the usage since. */
    private record Sample(long nanos, Duration processor) {}

    private final Map<String, Sample> before = new HashMap<>();

    StatsCommand(Containers containers, Fleets fleets, CgroupUsages usages, Session session) {
        this.containers = containers;
        this.fleets = fleets;
        this.usages = usages;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Duration pause = Durations.parse(interval);
        if (pause.compareTo(SHORTEST) < 0) {
            throw new InvalidSpecException("--interval must be at least 100ms, was " + interval);
        }
        print(shown());
        if (!follow) {
            return 0;
        }
        CompletableFuture<Void> left = ClientDisconnect.of(session);
        while (!isOver(left, pause)) {
            List<Container> shown = shown();
            if (!references.isEmpty() && shown.stream().noneMatch(Container::isRunning)) {
                return 0;
            }
            session.print("");
            print(shown);
        }
        return 0;
    }

    private static boolean isOver(CompletableFuture<Void> left, Duration pause) throws InterruptedException {
        try {
            left.get(pause.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private List<Container> shown() {
        return references.isEmpty()
                ? containers.all().stream()
                        .filter(Container::isRunning)
                        .sorted(Comparator.comparing(Container::name))
                        .toList()
                : references.stream()
                        .map(reference -> Target.container(containers, fleets, reference))
                        .toList();
    }

    private void print(List<Container> shown) throws IOException {
        var rows = new ArrayList<List<String>>();
        rows.add(List.of(
                "NAME",
                "MEMORY",
                "PEAK",
                "LIMIT",
                "SWAP",
                "CPU",
                "CPU TIME",
                "THROTTLED",
                "PIDS",
                "READ",
                "WRITTEN",
                "STALLED mem/cpu/io",
                "OOM KILLS"));
        for (Container container : shown) {
            rows.add(row(container, usages.of(container.id())));
        }
        for (String line : Table.format(rows)) {
            session.print(line);
        }
    }

    private List<String> row(Container container, CgroupUsage usage) {
        return List.of(
                container.name(),
                bytes(usage.memory()),
                bytes(usage.memoryPeak()),
                bytes(usage.memoryLimit()),
                bytes(usage.swap()),
                show(usage.processor().flatMap(used -> share(container, used)), share -> share),
                show(usage.processor(), StatsCommand::seconds),
                show(usage.throttled(), StatsCommand::seconds),
                show(usage.processes(), count -> Long.toString(count))
                        + usage.processLimit().map(limit -> "/" + limit).orElse(""),
                bytes(usage.read()),
                bytes(usage.written()),
                String.join(
                        "/",
                        stalled(usage.memoryPressure()),
                        stalled(usage.processorPressure()),
                        stalled(usage.ioPressure())),
                show(usage.kills(), count -> Long.toString(count)));
    }

    /** The share of one CPU since the previous table; empty in the first. */
    private Optional<String> share(Container container, Duration used) {
        long now = System.nanoTime();
        Optional<Sample> earlier = Optional.ofNullable(before.put(container.id(), new Sample(now, used)));
        return earlier.map(sample -> String.format(
                Locale.ROOT,
                "%.1f%%",
                100.0 * used.minus(sample.processor()).toNanos() / Math.max(1, now - sample.nanos())));
    }

    private static String seconds(Duration time) {
        return String.format(Locale.ROOT, "%.2fs", time.toNanos() / 1e9);
    }

    private static String stalled(Optional<CgroupUsage.Pressure> pressure) {
        return show(pressure, value -> String.format(Locale.ROOT, "%.1f%%", value.some()));
    }

    private static String bytes(Optional<Long> value) {
        return show(value, MemorySize::approximate);
    }

    /** Shows a value that this host does not count as a hyphen, never as zero. */
    private static <T> String show(Optional<T> value, Function<T, String> words) {
        return value.map(words).orElse("-");
    }
}
