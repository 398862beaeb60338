package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.isolation.CgroupUsage;
import dev.nucleus.isolation.CgroupUsages;
import dev.nucleus.spec.MemorySize;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine;

/** {@code nucleus stats}: what containers use now, and how long they stood still for want of it. */
@CommandLine.Command(
        name = "stats",
        mixinStandardHelpOptions = true,
        description = "Show what containers use; all that run, without a name.")
final class StatsCommand implements Callable<Integer> {

    private final Containers containers;
    private final CgroupUsages usages;
    private final Session session;

    @CommandLine.Parameters(arity = "0..*", paramLabel = "CONTAINER", description = "names, ids, or beginnings of ids")
    private List<String> references = List.of();

    StatsCommand(Containers containers, CgroupUsages usages, Session session) {
        this.containers = containers;
        this.usages = usages;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        List<Container> shown = references.isEmpty()
                ? containers.all().stream()
                        .filter(Container::running)
                        .sorted(Comparator.comparing(Container::name))
                        .toList()
                : references.stream().map(containers::find).toList();
        var rows = new ArrayList<List<String>>();
        rows.add(List.of(
                "NAME",
                "MEMORY",
                "PEAK",
                "LIMIT",
                "SWAP",
                "CPU TIME",
                "THROTTLED",
                "PIDS",
                "READ",
                "WRITTEN",
                "STALLED mem/cpu/io",
                "OOM KILLS"));
        for (Container container : shown) {
            rows.add(row(container.name(), usages.of(container.id())));
        }
        for (String line : Table.format(rows)) {
            session.print(line);
        }
        return 0;
    }

    private static List<String> row(String name, CgroupUsage usage) {
        return List.of(
                name,
                bytes(usage.memory()),
                bytes(usage.memoryPeak()),
                bytes(usage.memoryLimit()),
                bytes(usage.swap()),
                show(usage.processor(), time -> String.format(Locale.ROOT, "%.2fs", time.toNanos() / 1e9)),
                show(usage.throttled(), time -> String.format(Locale.ROOT, "%.2fs", time.toNanos() / 1e9)),
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

    private static String stalled(Optional<CgroupUsage.Pressure> pressure) {
        return show(pressure, value -> String.format(Locale.ROOT, "%.1f%%", value.some()));
    }

    private static String bytes(Optional<Long> value) {
        return show(value, MemorySize::approximate);
    }

    /** What isn't counted on this host is a hyphen, never a zero. */
    private static <T> String show(Optional<T> value, Function<T, String> words) {
        return value.map(words).orElse("-");
    }
}
