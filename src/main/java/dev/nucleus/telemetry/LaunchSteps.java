package dev.nucleus.telemetry;

import dev.nucleus.container.ContainerState;
import dev.nucleus.plan.LaunchStep;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The steps of one launch, with their begin and end relative to that of the launch. */
record LaunchSteps(List<Step> each) {

    record Step(LaunchStep step, Duration from, Duration to) {

        Duration took() {
            return to.minus(from);
        }
    }

    /**
     * The shim reports when each step ended: each began when the one before it ended.
     *
     * @return empty for a container with a time namespace, whose clock timed the steps inside
     */
    static Optional<LaunchSteps> of(ContainerState.Running state) {
        if (state.steps().values().stream().anyMatch(Duration::isNegative)) {
            return Optional.empty();
        }
        var each = new ArrayList<Step>();
        Duration before = Duration.ZERO;
        for (Map.Entry<LaunchStep, Duration> done : state.steps().entrySet().stream()
                .sorted(Map.Entry.comparingByValue())
                .toList()) {
            each.add(new Step(done.getKey(), before, done.getValue()));
            before = done.getValue();
        }
        return Optional.of(new LaunchSteps(List.copyOf(each)));
    }

    /** Duration of the launch, from the request to the command's start. */
    Duration whole() {
        return each.isEmpty() ? Duration.ZERO : each.getLast().to();
    }
}
