package dev.nucleus.spec;

import java.time.Duration;
import java.util.List;

/**
 * How a container is asked to end.
 *
 * @param signal what it gets first
 * @param grace after which it is killed; what is run before counts
 * @param before a command that is run inside before the signal, as Kubernetes' preStop; none: nothing is
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
