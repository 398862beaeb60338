package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.container.UnknownContainerException;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import java.time.Duration;
import picocli.CommandLine;

/** {@code nucleus rm}: removes containers that are stopped or not yet started, and their logs. */
@CommandLine.Command(
        name = "rm",
        description = "Remove containers that are stopped or not yet started, and their logs.")
final class RmCommand extends EachContainerCommand {

    private static final StopSpec KILL_IMMEDIATELY = new StopSpec(Signal.KILL, Duration.ZERO);

    private final Containers containers;
    private final Fleets fleets;

    @CommandLine.Option(
            names = {"-f", "--force"},
            description = "kill a running container first; abort copying its workspace back")
    private boolean force;

    RmCommand(Containers containers, Fleets fleets, Session session) {
        super(session);
        this.containers = containers;
        this.fleets = fleets;
    }

    @Override
    String act(String reference) throws InterruptedException {
        // Only the container is removed, also that of a replica: the fleet file declares the replica itself.
        Container container = Target.container(containers, fleets, reference);
        while (!remove(container)) {
            try {
                container = Target.container(containers, fleets, reference);
            } catch (UnknownContainerException e) {
                break;
            }
        }
        return container.name();
    }

    /** @return false if another command removed it, or a restart has replaced it */
    private boolean remove(Container container) throws InterruptedException {
        if (force && containers.abortCopyBack(container)) {
            reportWorkspace(container);
        }
        if ((force || container.state().canStart()) && !fleets.stopReplica(container.name(), _ -> KILL_IMMEDIATELY)) {
            containers.stop(container, KILL_IMMEDIATELY);
        }
        return containers.remove(container);
    }
}
