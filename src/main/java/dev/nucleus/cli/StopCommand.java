package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.spec.Durations;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus stop}: a replica of a fleet stays stopped until the manager starts again. */
@CommandLine.Command(name = "stop", mixinStandardHelpOptions = true, description = "Stop containers.")
final class StopCommand implements Callable<Integer> {

    private final Containers containers;
    private final Fleets fleets;
    private final Session session;

    @CommandLine.Option(names = "--signal", defaultValue = "TERM", description = "what it gets first")
    private String signal = "TERM";

    @CommandLine.Option(names = "--grace", defaultValue = "10s", description = "after which it is killed")
    private String grace = "10s";

    @CommandLine.Parameters(arity = "1..*", paramLabel = "CONTAINER", description = "names, ids, or beginnings of ids")
    private List<String> references = List.of();

    StopCommand(Containers containers, Fleets fleets, Session session) {
        this.containers = containers;
        this.fleets = fleets;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        var how = new StopSpec(Signal.parse(signal), Durations.parse(grace));
        for (String reference : references) {
            if (fleets.stopReplica(reference)) {
                session.print(reference);
                continue;
            }
            Container container = containers.find(reference);
            if (!fleets.stopReplica(container.name())) {
                containers.stop(container, how);
            }
            session.print(container.name());
        }
        return 0;
    }
}
