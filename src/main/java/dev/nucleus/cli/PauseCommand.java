package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import picocli.CommandLine;

/** {@code nucleus pause} and {@code nucleus resume}: suspend and resume all processes of containers. */
@CommandLine.Command
final class PauseCommand extends EachContainerCommand {

    private final Containers containers;
    private final Fleets fleets;
    private final boolean pause;

    PauseCommand(Containers containers, Fleets fleets, Session session, boolean pause) {
        super(session);
        this.containers = containers;
        this.fleets = fleets;
        this.pause = pause;
    }

    @Override
    String act(String reference) {
        Container container = Target.container(containers, fleets, reference);
        containers.pause(container, pause);
        return container.name();
    }
}
