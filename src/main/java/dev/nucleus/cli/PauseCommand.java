package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus pause} and {@code nucleus resume}: every process of a container stops where it is, or goes on. */
@CommandLine.Command(mixinStandardHelpOptions = true)
final class PauseCommand implements Callable<Integer> {

    private final Containers containers;
    private final Session session;
    private final boolean pause;

    @CommandLine.Parameters(arity = "1..*", paramLabel = "CONTAINER", description = "names, ids, or beginnings of ids")
    private List<String> references = List.of();

    PauseCommand(Containers containers, Session session, boolean pause) {
        this.containers = containers;
        this.session = session;
        this.pause = pause;
    }

    @Override
    public Integer call() throws IOException {
        for (String reference : references) {
            Container container = containers.find(reference);
            containers.pause(container, pause);
            session.print(container.name());
        }
        return 0;
    }
}
