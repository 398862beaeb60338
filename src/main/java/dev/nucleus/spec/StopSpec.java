package dev.nucleus.spec;

import java.time.Duration;

/**
 * How a container is asked to end.
 *
 * @param signal what it gets first
 * @param grace after which it is killed
 */
public record StopSpec(Signal signal, Duration grace) {

    public static final StopSpec DEFAULT = new StopSpec(Signal.TERM, Duration.ofSeconds(10));
}
