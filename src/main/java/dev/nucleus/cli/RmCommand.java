package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.container.StopFailedException;
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
            description =
                    "kill a running container first; its workspace is copied back for at most 30 seconds, and one being copied back already is aborted")
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
        if (force || container.state().canStart()) {
            try {
                stop(container);
            } catch (StopFailedException e) {
                if (!e.ended() || !containers.abortCopyBack(container)) {
                    throw e;
                }
            }
            reportWorkspace(container);
        }
        return containers.remove(container);
    }

    private void stop(Container container) throws InterruptedException {
        // One that belongs to no replica: aborting a replica's would start it again.
        if (container.record().replica() == null && containers.abortCopyBack(container)) {
            return;
        }
        if (!fleets.stopReplica(container.name(), _ -> KILL_IMMEDIATELY)) {
            containers.stop(container, KILL_IMMEDIATELY);
        }
    }
}
