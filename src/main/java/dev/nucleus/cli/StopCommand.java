package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.spec.StopSpec;
import java.util.function.UnaryOperator;
import picocli.CommandLine;

/**
 * {@code nucleus stop}: stops containers. A replica stays stopped until it is started, or the manager is started again.
 */
@CommandLine.Command(
        name = "stop",
        description = "Stop containers: send a signal, wait, and kill what is left. A stopped replica stays stopped.")
final class StopCommand extends EachContainerCommand {

    private final Containers containers;
    private final Fleets fleets;

    @CommandLine.Mixin
    private StopOptions options = new StopOptions();

    StopCommand(Containers containers, Fleets fleets, Session session) {
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
        UnaryOperator<StopSpec> overrides = options.overrides();
        Target target = Target.find(containers, fleets, reference);
        switch (target) {
            case Target.Replica(var view, var _) -> fleets.stopReplica(view.name(), overrides);
            case Target.Standalone(var container) -> stop(container, overrides.apply(StopSpec.DEFAULT));
        }
        return target.name();
    }

    private void stop(Container container, StopSpec how) {
        if (!container.isStopped()) {
            containers.stop(container, how);
            reportWorkspace(container);
        }
    }
}
