package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.spec.InvalidSpecException;
import picocli.CommandLine;

/** {@code nucleus start}: starts created containers, and stopped containers and replicas again. */
@CommandLine.Command(
        name = "start",
        description = "Start containers made by nucleus create, and start stopped containers and replicas again.")
final class StartCommand extends EachContainerCommand {

    private final Containers containers;
    private final Fleets fleets;

    StartCommand(Containers containers, Fleets fleets, Session session) {
        super(session);
        this.containers = containers;
        this.fleets = fleets;
    }

    @Override
    String act(String reference) throws InterruptedException {
        Target target = Target.find(containers, fleets, reference);
        switch (target) {
            case Target.Replica(var view, var _) -> {
                fleets.startReplica(view.name());
                reportWaiting(fleets, view.name());
            }
            case Target.Standalone(var container) -> start(container);
        }
        return target.name();
    }

    private void start(Container container) {
        if (container.isRunning()) {
            throw new InvalidSpecException("'" + container.name() + "' is running already");
        }
        if (container.isStopped()) {
            containers.relaunch(container);
        } else {
            containers.start(container);
        }
    }
}
