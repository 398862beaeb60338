package dev.nucleus.metrics;

import dev.nucleus.container.ContainerEvent;
import dev.nucleus.plan.LaunchStep;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/** How long each step of a launch takes, over all containers. */
@Component
final class LaunchMeters {

    private final Map<LaunchStep, Timer> timers = new EnumMap<>(LaunchStep.class);

    LaunchMeters(MeterRegistry registry) {
        for (LaunchStep step : LaunchStep.values()) {
            timers.put(
                    step,
                    Timer.builder("nucleus.launch.duration")
                            .description("Time that a step of a launch takes")
                            .tag("step", step.label())
                            .register(registry));
        }
    }

    /** Steps are told by when they were done: each took as long as it was done after the one before it. */
    @EventListener
    void on(ContainerEvent.Started event) {
        List<Map.Entry<LaunchStep, Duration>> steps = event.state().steps().entrySet().stream()
                .sorted(Map.Entry.comparingByValue())
                .toList();
        // In a time namespace the steps inside were timed by another clock.
        if (steps.stream().anyMatch(step -> step.getValue().isNegative())) {
            return;
        }
        Duration before = Duration.ZERO;
        for (Map.Entry<LaunchStep, Duration> step : steps) {
            java.util.Objects.requireNonNull(timers.get(step.getKey()))
                    .record(step.getValue().minus(before));
            before = step.getValue();
        }
    }
}
