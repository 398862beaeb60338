package dev.nucleus.container;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.shim.LaunchException;
import dev.nucleus.spec.Signal;
import java.util.List;

/** An event in the life of a container, published within the manager. */
public sealed interface ContainerEvent {

    Container container();

    /** Everything in its plan has been applied; its command runs, or waits to be started. */
    record Confined(Container container, LaunchPlan plan) implements ContainerEvent {}

    /** Its launch failed; nothing of it is left. */
    record Failed(Container container, LaunchPlan plan, LaunchException why) implements ContainerEvent {}

    /** A command is to be run inside it, or files are to be copied. */
    record Executed(Container container, List<String> command) implements ContainerEvent {}

    /**
     * Its PID 1, which is part of Nucleus, reaped orphans or forwarded signals.
     *
     * @param reaped number of orphaned processes that it reaped
     * @param forwarded signals that it passed to the workload
     */
    record InitActed(Container container, int reaped, List<Signal> forwarded) implements ContainerEvent {}

    record Started(Container container, ContainerState.Running state) implements ContainerEvent {}

    record Stopped(Container container, ContainerState.Stopped state) implements ContainerEvent {}

    /** It was running when this manager started. */
    record Adopted(Container container) implements ContainerEvent {}

    record Removed(Container container) implements ContainerEvent {}
}
