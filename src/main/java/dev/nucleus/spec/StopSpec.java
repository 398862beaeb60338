package dev.nucleus.spec;

import java.time.Duration;
import java.util.List;

/**
 * How a container is stopped.
 *
 * @param signal the signal that is sent first
 * @param grace grace period: time from the stop request to SIGKILL, including the run of {@code before}
 * @param before a command to run inside before the signal, like Kubernetes' preStop; empty: none
 */
public record StopSpec(Signal signal, Duration grace, List<String> before) {

    public static final StopSpec DEFAULT = new StopSpec(Signal.TERM, Duration.ofSeconds(10));

    public StopSpec {
        before = List.copyOf(before);
        if (!before.isEmpty() && before.getFirst().isEmpty()) {
            throw new InvalidSpecException("stop: before needs a command, such as [/bin/drain]");
        }
    }

    public StopSpec(Signal signal, Duration grace) {
        this(signal, grace, List.of());
    }
}
