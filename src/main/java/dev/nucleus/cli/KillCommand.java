package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerState;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.spec.Signal;
import java.io.IOException;
import java.util.Optional;
import picocli.CommandLine;

/** {@code nucleus kill}: sends a signal to a workload. */
@CommandLine.Command(
        name = "kill",
        description = "Send a signal to the workload of containers. A replica that exits is restarted according to "
                + "its policy. KILL also aborts copying back the workspace of a container that has ended.")
final class KillCommand extends EachContainerCommand {

    private final Containers containers;
    private final Fleets fleets;

    @CommandLine.Option(
            names = {"-s", "--signal"},
            paramLabel = "SIGNAL",
            description = "signal by name or number, for example HUP; default: KILL")
    private String signal = "KILL";

    KillCommand(Containers containers, Fleets fleets, Session session) {
        super(session);
        this.containers = containers;
        this.fleets = fleets;
    }

    @Override
    void prepare() {
        Signal.parse(signal);
    }

    @Override
    Optional<String> suggestionFor(String option) {
        return Optional.of("a signal is given as -s " + option.substring(1));
    }

    @Override
    String act(String reference) throws IOException {
        Container container = Target.container(containers, fleets, reference);
        boolean isCopyingBack = container.state() instanceof ContainerState.CopyingBack;
        containers.kill(container, Signal.parse(signal));
        if (isCopyingBack) {
            reportWorkspace(container);
        }
        return container.name();
    }
}
