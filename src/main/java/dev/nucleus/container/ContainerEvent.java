package dev.nucleus.container;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.spawner.LaunchException;
import dev.nucleus.spec.Signal;
import java.util.List;

/** An event in the life of a container, published within the manager. */
public sealed interface ContainerEvent {

    Container container();

    /** All that its plan asks for has been applied; its command runs, or is held. */
    record Confined(Container container, LaunchPlan plan) implements ContainerEvent {}

    /** It could not be launched; nothing of it is left. */
    record Failed(Container container, LaunchPlan plan, LaunchException why) implements ContainerEvent {}

    /** Somebody runs a command inside it. */
    record Executed(Container container, List<String> command) implements ContainerEvent {}

    /**
     * Its PID 1, which is Nucleus', did something.
     *
     * @param reaped processes that had outlived their parents
     * @param forwarded that it passed to the workload
     */
    record InitActed(Container container, int reaped, List<Signal> forwarded) implements ContainerEvent {}

    record Started(Container container, ContainerState.Running state) implements ContainerEvent {}

    record Stopped(Container container, ContainerState.Stopped state) implements ContainerEvent {}

    /** It was running when this manager came back. */
    record Adopted(Container container) implements ContainerEvent {}

    record Removed(Container container) implements ContainerEvent {}
}
