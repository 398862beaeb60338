package dev.nucleus.cli;

import dev.nucleus.spec.Durations;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import java.time.Duration;
import java.util.Optional;
import java.util.function.UnaryOperator;
import picocli.CommandLine;

/** The options of commands that stop containers. */
final class StopOptions {

    @CommandLine.Option(
            names = {"-s", "--signal"},
            paramLabel = "SIGNAL",
            description = "signal to send first; default: the service's, or TERM")
    private Optional<String> signal = Optional.empty();

    @CommandLine.Option(
            names = {"-t", "--grace", "--time"},
            paramLabel = "DURATION",
            description =
                    "time to wait before SIGKILL, such as 30s or a number of seconds; default: the service's, or 10s")
    private Optional<String> grace = Optional.empty();

    /** Returns a function that applies the given options. */
    UnaryOperator<StopSpec> overrides() {
        Optional<Signal> first = signal.map(Signal::parse);
        Optional<Duration> patience = grace.map(text -> Durations.parse(text.matches("\\d{1,9}") ? text + "s" : text));
        return own -> new StopSpec(first.orElse(own.signal()), patience.orElse(own.grace()), own.before());
    }
}
