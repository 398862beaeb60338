package dev.nucleus.container;

/** Something that happened to a container, told to whoever listens within the manager. */
public sealed interface ContainerEvent {

    Container container();

    record Started(Container container, ContainerState.Running state) implements ContainerEvent {}

    record Stopped(Container container, ContainerState.Stopped state) implements ContainerEvent {}

    /** It was running when this manager came back. */
    record Adopted(Container container) implements ContainerEvent {}

    record Removed(Container container) implements ContainerEvent {}
}
