package dev.nucleus.telemetry;

import dev.nucleus.cgroup.CgroupUsage;
import dev.nucleus.network.InterfaceUsage;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * The meters of one container, registered while it runs. What its control groups don't count has no meter.
 *
 * @see <a href="https://opentelemetry.io/docs/specs/semconv/system/container-metrics/">OpenTelemetry: container
 *     metrics</a>
 * @see <a href="https://github.com/google/cadvisor/blob/master/docs/storage/prometheus.md">cAdvisor: Prometheus
 *     metrics</a>
 */
final class ContainerMeters {

    private final MeterRegistry registry;
    private final UsageSnapshot snapshot;
    private final DenialCounts denials;
    private final Instant startedAt;
    private final List<Meter> meters = new ArrayList<>();
    private final List<Object> sources = new ArrayList<>();

    ContainerMeters(
            MeterRegistry registry, Tags tags, UsageSnapshot snapshot, DenialCounts denials, Instant startedAt) {
        this.registry = registry;
        this.snapshot = snapshot;
        this.denials = denials;
        this.startedAt = startedAt;
        counter("container.cpu.time", "seconds", "CPU time used", tags, ContainerMeters::processor);
        gauge("container.memory.usage", "bytes", "Memory in use, page cache included", tags, CgroupUsage::memory);
        gauge(
                "container.memory.working_set",
                "bytes",
                "Memory in use that can't be reclaimed at once",
                tags,
                CgroupUsage::workingSet);
        gauge(
                "container.memory.available",
                "bytes",
                "Memory available below the limit",
                tags,
                usage -> usage.memoryLimit().flatMap(limit -> usage.workingSet().map(used -> limit - used)));
        gauge("container.memory.rss", "bytes", "Memory in use, not backed by files", tags, CgroupUsage::resident);
        counter(
                "container.paging.faults",
                "",
                "Page faults",
                tags.and("system.paging.fault.type", "minor"),
                usage -> usage.faults().flatMap(all -> usage.majorFaults().map(major -> all - major)));
        counter(
                "container.paging.faults",
                "",
                "Page faults",
                tags.and("system.paging.fault.type", "major"),
                CgroupUsage::majorFaults);
        add(Gauge.builder("container.uptime", this, ContainerMeters::uptime)
                .baseUnit("seconds")
                .description("Time since the container started")
                .tags(tags)
                .register(registry));
        counter(
                "container.disk.io",
                "bytes",
                "Bytes read from and written to block devices",
                tags.and("disk.io.direction", "read"),
                CgroupUsage::read);
        counter(
                "container.disk.io",
                "bytes",
                "Bytes read from and written to block devices",
                tags.and("disk.io.direction", "write"),
                CgroupUsage::written);
        gauge("nucleus.container.processes", "", "Processes and threads", tags, CgroupUsage::processes);
        counter(
                "nucleus.container.oom.events",
                "",
                "Processes killed by the kernel's OOM killer",
                tags,
                CgroupUsage::kills);
        addDenials(tags);
    }

    /** Counts of what the container was denied, by layer. */
    private void addDenials(Tags tags) {
        for (String layer : List.of("seccomp", "landlock", DenialCounts.NETWORK)) {
            add(FunctionCounter.builder("nucleus.container.denials", this, meters -> meters.denials.of(layer))
                    .description("Operations that the container was denied")
                    .tags(tags.and("layer", layer))
                    .register(registry));
        }
    }

    /** Adds the traffic of an interface, as the container sees it. */
    void addNetwork(Tags tags, String name, Supplier<List<InterfaceUsage>> usages) {
        Supplier<Optional<InterfaceUsage>> usage = () ->
                usages.get().stream().filter(each -> each.name().equals(name)).findFirst();
        // Micrometer references the source weakly.
        sources.add(usage);
        Tags its = tags.and("network.interface.name", name);
        Tags received = its.and("network.io.direction", "receive");
        Tags sent = its.and("network.io.direction", "transmit");
        String io = "container.network.io";
        String packets = "container.network.packets";
        traffic(io, "bytes", "Bytes received and sent", received, usage, InterfaceUsage::receivedBytes);
        traffic(io, "bytes", "Bytes received and sent", sent, usage, InterfaceUsage::sentBytes);
        traffic(packets, "", "Packets received and sent", received, usage, InterfaceUsage::receivedPackets);
        traffic(packets, "", "Packets received and sent", sent, usage, InterfaceUsage::sentPackets);
        traffic(
                "container.network.dropped",
                "",
                "Packets dropped for lack of room",
                its,
                usage,
                InterfaceUsage::droppedPackets);
    }

    private void traffic(
            String meter,
            String unit,
            String description,
            Tags tags,
            Supplier<Optional<InterfaceUsage>> usage,
            ToLongFunction<InterfaceUsage> figure) {
        add(FunctionCounter.builder(
                        meter,
                        usage,
                        source -> source.get().map(figure::applyAsLong).orElse(0L))
                .baseUnit(unit.isEmpty() ? null : unit)
                .description(description)
                .tags(tags)
                .register(registry));
    }

    /** Adds the names that dashboards for cAdvisor need, besides those that are the same. */
    void addCadvisorNames(Tags tags) {
        counter("container.cpu.usage", "seconds", "CPU time used", tags, ContainerMeters::processor);
        counter(
                "container.cpu.cfs.throttled",
                "seconds",
                "Time throttled by the CPU quota",
                tags,
                usage -> usage.throttled().map(ContainerMeters::seconds));
        gauge("container.memory.swap", "bytes", "Memory swapped out", tags, CgroupUsage::swap);
        gauge("container.spec.memory.limit", "bytes", "Memory limit", tags, CgroupUsage::memoryLimit);
        gauge("container.processes", "", "Processes and threads", tags, CgroupUsage::processes);
        counter("container.fs.reads", "bytes", "Bytes read from block devices", tags, CgroupUsage::read);
        counter("container.fs.writes", "bytes", "Bytes written to block devices", tags, CgroupUsage::written);
        counter("container.oom.events", "", "Processes killed by the kernel's OOM killer", tags, CgroupUsage::kills);
        add(Gauge.builder("container.start.time", this, meters -> meters.startedAt.toEpochMilli() / 1e3)
                .baseUnit("seconds")
                .description("Start time of the container, in seconds since 1970")
                .tags(tags)
                .register(registry));
    }

    private static Optional<Double> processor(CgroupUsage usage) {
        return usage.processor().map(ContainerMeters::seconds);
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }

    private double uptime() {
        return seconds(Duration.between(startedAt, Instant.now()));
    }

    private void counter(
            String name,
            String unit,
            String description,
            Tags tags,
            Function<CgroupUsage, Optional<? extends Number>> figure) {
        if (figure.apply(snapshot.now()).isPresent()) {
            add(FunctionCounter.builder(name, this, meters -> meters.read(figure))
                    .baseUnit(unit.isEmpty() ? null : unit)
                    .description(description)
                    .tags(tags)
                    .register(registry));
        }
    }

    private void gauge(
            String name,
            String unit,
            String description,
            Tags tags,
            Function<CgroupUsage, Optional<? extends Number>> figure) {
        if (figure.apply(snapshot.now()).isPresent()) {
            add(Gauge.builder(name, this, meters -> meters.read(figure))
                    .baseUnit(unit.isEmpty() ? null : unit)
                    .description(description)
                    .tags(tags)
                    .register(registry));
        }
    }

    private double read(Function<CgroupUsage, Optional<? extends Number>> figure) {
        return figure.apply(snapshot.now()).map(Number::doubleValue).orElse(Double.NaN);
    }

    private void add(Meter meter) {
        meters.add(meter);
    }

    /** Micrometer keeps meters forever (micrometer-metrics/micrometer#5232), so they are removed with the container. */
    void remove() {
        meters.forEach(registry::remove);
    }
}
