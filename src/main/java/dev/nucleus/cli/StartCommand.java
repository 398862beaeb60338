package dev.nucleus.cli;

import dev.nucleus.container.Containers;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus start}: lets a container that was created start its command. */
@CommandLine.Command(
        name = "start",
        mixinStandardHelpOptions = true,
        description = "Start the command of containers that were made with nucleus create.")
final class StartCommand implements Callable<Integer> {

    private final Containers containers;
    private final Session session;

    @CommandLine.Parameters(arity = "1..*", paramLabel = "CONTAINER", description = "name, id, or beginning of an id")
    private List<String> references = List.of();

    StartCommand(Containers containers, Session session) {
        this.containers = containers;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        for (String reference : references) {
            containers.start(containers.find(reference));
            session.print(reference);
        }
        return 0;
    }
}
