package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import java.io.IOException;
import picocli.CommandLine;

/** {@code nucleus pause} and {@code nucleus resume}: every process of a container stops where it is, or goes on. */
@CommandLine.Command(mixinStandardHelpOptions = true)
final class PauseCommand extends EachContainerCommand {

    private final boolean pause;

    PauseCommand(Containers containers, Session session, boolean pause) {
        super(containers, session);
        this.pause = pause;
    }

    @Override
    void act(Containers containers, Container container) throws IOException {
        containers.pause(container, pause);
    }
}
