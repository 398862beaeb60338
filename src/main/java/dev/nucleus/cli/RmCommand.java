package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus rm}: forgets stopped containers, and deletes their logs. */
@CommandLine.Command(name = "rm", mixinStandardHelpOptions = true, description = "Remove stopped containers.")
final class RmCommand implements Callable<Integer> {

    private final Containers containers;
    private final Session session;

    @CommandLine.Parameters(arity = "1..*", paramLabel = "CONTAINER", description = "names, ids, or beginnings of ids")
    private List<String> references = List.of();

    RmCommand(Containers containers, Session session) {
        this.containers = containers;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        for (String reference : references) {
            Container container = containers.find(reference);
            containers.remove(container);
            session.print(container.name());
        }
        return 0;
    }
}
