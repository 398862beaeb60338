package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import java.io.IOException;
import picocli.CommandLine;

/** {@code nucleus start}: lets a container that was created start its command. */
@CommandLine.Command(
        name = "start",
        mixinStandardHelpOptions = true,
        description = "Start the command of containers that were made with nucleus create.")
final class StartCommand extends EachContainerCommand {

    StartCommand(Containers containers, Session session) {
        super(containers, session);
    }

    @Override
    void act(Containers containers, Container container) throws IOException {
        containers.start(container);
    }
}
