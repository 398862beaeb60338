package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus start}: starts a replica that is stopped, or the command of a container that was created. */
@CommandLine.Command(
        name = "start",
        mixinStandardHelpOptions = true,
        description = "Start replicas that are stopped, failed or completed, and containers made with nucleus create.")
final class StartCommand implements Callable<Integer> {

    private final Containers containers;
    private final Fleets fleets;
    private final Session session;

    @CommandLine.Parameters(arity = "1..*", paramLabel = "CONTAINER", description = "names, ids, or beginnings of ids")
    private List<String> references = List.of();

    StartCommand(Containers containers, Fleets fleets, Session session) {
        this.containers = containers;
        this.fleets = fleets;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        for (String reference : references) {
            session.print(start(reference));
        }
        return 0;
    }

    /** @return its name */
    private String start(String reference) {
        if (fleets.startReplica(reference)) {
            return reference;
        }
        Container container = containers.find(reference);
        if (!fleets.startReplica(container.name())) {
            containers.start(container);
        }
        return container.name();
    }
}
