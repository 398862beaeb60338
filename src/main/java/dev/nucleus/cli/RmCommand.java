package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import java.io.IOException;
import picocli.CommandLine;

/** {@code nucleus rm}: forgets stopped containers, and deletes their logs. */
@CommandLine.Command(name = "rm", mixinStandardHelpOptions = true, description = "Remove stopped containers.")
final class RmCommand extends EachContainerCommand {

    RmCommand(Containers containers, Session session) {
        super(containers, session);
    }

    @Override
    void act(Containers containers, Container container) throws IOException {
        containers.remove(container);
    }
}
