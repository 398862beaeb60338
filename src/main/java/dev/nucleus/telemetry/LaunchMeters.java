package dev.nucleus.telemetry;

import dev.nucleus.container.ContainerEvent;
import dev.nucleus.plan.LaunchStep;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/** Durations of the steps of launches, over all containers. */
@Component
final class LaunchMeters {

    private final Map<LaunchStep, Timer> timers = new EnumMap<>(LaunchStep.class);

    LaunchMeters(MeterRegistry registry) {
        for (LaunchStep step : LaunchStep.values()) {
            timers.put(
                    step,
                    Timer.builder("nucleus.launch.duration")
                            .description("Duration of a step of a launch")
                            .tag("step", step.label())
                            .register(registry));
        }
    }

    @EventListener
    void on(ContainerEvent.Started event) {
        LaunchSteps.of(event.state())
                .ifPresent(steps -> steps.each()
                        .forEach(step ->
                                Objects.requireNonNull(timers.get(step.step())).record(step.took())));
    }
}
