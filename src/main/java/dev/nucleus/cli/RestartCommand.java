package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerState;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.spec.StopSpec;
import picocli.CommandLine;

/** {@code nucleus restart}: stops containers and starts them again. */
@CommandLine.Command(name = "restart", description = "Stop containers and start them again.")
final class RestartCommand extends EachContainerCommand {

    private final Containers containers;
    private final Fleets fleets;

    @CommandLine.Mixin
    private StopOptions options = new StopOptions();

    RestartCommand(Containers containers, Fleets fleets, Session session) {
        super(session);
        this.containers = containers;
        this.fleets = fleets;
    }

    @Override
    void prepare() {
        options.overrides();
    }

    @Override
    String act(String reference) throws InterruptedException {
        Target target = Target.find(containers, fleets, reference);
        switch (target) {
            case Target.Replica(var view, var _) -> {
                fleets.stopReplica(view.name(), options.overrides());
                fleets.startReplica(view.name());
                reportWaiting(fleets, view.name());
            }
            case Target.Standalone(var container) -> restart(container);
        }
        return target.name();
    }

    private void restart(Container container) {
        if (container.state() instanceof ContainerState.Created) {
            containers.start(container);
            return;
        }
        // Checked before the stop: a container that can't be launched again is better left running.
        containers.checkRepeatable(container);
        containers.stop(container, options.overrides().apply(StopSpec.DEFAULT));
        containers.relaunch(container);
    }
}
