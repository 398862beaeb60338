package dev.nucleus.telemetry;

import dev.nucleus.fleet.ProbeCompleted;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/** Durations and outcomes of probes, by service. */
@Component
final class ProbeMeters {

    private final MeterRegistry registry;
    private final Map<Key, Timer> timers = new ConcurrentHashMap<>();

    private record Key(String fleet, String service, String role, String kind, boolean success) {}

    private final Timer lateness;

    ProbeMeters(MeterRegistry registry) {
        this.registry = registry;
        this.lateness = Timer.builder("nucleus.probe.lateness")
                .description("Time from when a probe was due until it began")
                .serviceLevelObjectives(Duration.ofMillis(10), Duration.ofMillis(100), Duration.ofSeconds(1))
                .register(registry);
    }

    @EventListener
    void on(ProbeCompleted event) {
        lateness.record(event.result().late());
        var key = new Key(
                event.fleet(),
                event.service(),
                event.result().role().word(),
                event.result().kind(),
                event.result().success());
        timers.computeIfAbsent(key, this::timer).record(event.result().took());
    }

    private Timer timer(Key key) {
        return Timer.builder("nucleus.probe.duration")
                .description("Duration of a probe")
                .tags("fleet", key.fleet(), "service", key.service(), "role", key.role(), "kind", key.kind())
                .tag("outcome", key.success() ? "success" : "failure")
                .register(registry);
    }
}
