package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** What is done with one container after another; the name of each is written when it is done with it. */
abstract class EachContainerCommand implements Callable<Integer> {

    private final Containers containers;
    private final Session session;

    @CommandLine.Parameters(arity = "1..*", paramLabel = "CONTAINER", description = "names, ids, or beginnings of ids")
    private List<String> references = List.of();

    EachContainerCommand(Containers containers, Session session) {
        this.containers = containers;
        this.session = session;
    }

    abstract void act(Containers containers, Container container) throws IOException;

    @Override
    public final Integer call() throws IOException {
        for (String reference : references) {
            Container container = containers.find(reference);
            act(containers, container);
            session.print(container.name());
        }
        return 0;
    }
}
