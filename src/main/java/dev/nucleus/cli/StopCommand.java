package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.spec.Durations;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import picocli.CommandLine;

/** {@code nucleus stop}: a replica of a fleet stays stopped until the manager starts again. */
@CommandLine.Command(name = "stop", mixinStandardHelpOptions = true, description = "Stop containers.")
final class StopCommand implements Callable<Integer> {

    private final Containers containers;
    private final Fleets fleets;
    private final Session session;

    @CommandLine.Option(
            names = "--signal",
            description = "what it gets first; else what its service says, TERM without one")
    private Optional<String> signal = Optional.empty();

    @CommandLine.Option(
            names = "--grace",
            description = "after which it is killed; else what its service says, 10s without one")
    private Optional<String> grace = Optional.empty();

    @CommandLine.Parameters(arity = "1..*", paramLabel = "CONTAINER", description = "names, ids, or beginnings of ids")
    private List<String> references = List.of();

    StopCommand(Containers containers, Fleets fleets, Session session) {
        this.containers = containers;
        this.fleets = fleets;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Optional<Signal> first = signal.map(Signal::parse);
        Optional<Duration> patience = grace.map(Durations::parse);
        UnaryOperator<StopSpec> otherwise =
                usual -> new StopSpec(first.orElse(usual.signal()), patience.orElse(usual.grace()), usual.before());
        for (String reference : references) {
            if (fleets.stopReplica(reference, otherwise)) {
                session.print(reference);
                continue;
            }
            Container container = containers.find(reference);
            if (!fleets.stopReplica(container.name(), otherwise)) {
                containers.stop(container, otherwise.apply(StopSpec.DEFAULT));
            }
            session.print(container.name());
        }
        return 0;
    }
}
