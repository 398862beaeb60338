package dev.nucleus.container;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.spawner.LaunchException;
import java.util.List;

/** Something that happened to a container, told to whoever listens within the manager. */
public sealed interface ContainerEvent {

    Container container();

    /** All that its plan asks for has been applied; its command runs, or is held. */
    record Confined(Container container, LaunchPlan plan) implements ContainerEvent {}

    /** It could not be launched; nothing of it is left. */
    record Failed(Container container, LaunchPlan plan, LaunchException why) implements ContainerEvent {}

    /** Somebody runs a command inside it. */
    record Executed(Container container, List<String> command) implements ContainerEvent {}

    record Started(Container container, ContainerState.Running state) implements ContainerEvent {}

    record Stopped(Container container, ContainerState.Stopped state) implements ContainerEvent {}

    /** It was running when this manager came back. */
    record Adopted(Container container) implements ContainerEvent {}

    record Removed(Container container) implements ContainerEvent {}
}
