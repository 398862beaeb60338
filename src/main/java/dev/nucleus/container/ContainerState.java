package dev.nucleus.container;

import dev.nucleus.plan.LaunchStep;
import dev.nucleus.shim.ExitStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * The state of a container, in the words of the OCI runtime specification. It only ever moves forward.
 */
public sealed interface ContainerState {

    /** Requested; its command does not run yet. */
    record Creating() implements ContainerState {}

    /**
     * Everything is done but its command, which waits to be started.
     *
     * @param pid the PID of its PID 1 on the host
     */
    record Created(int pid, long startTicks) implements ContainerState {}

    /**
     * @param pid the PID of its PID 1 on the host
     * @param steps time from the launch request to the end of each launch step; empty after an adoption
     */
    record Running(int pid, long startTicks, Instant startedAt, Map<LaunchStep, Duration> steps)
            implements ContainerState {}

    /**
     * No process of it is left, and its workspace is being copied back.
     *
     * @param end the state that follows
     */
    record CopyingBack(Stopped end) implements ContainerState {}

    /**
     * @param status empty if it is unknown, for example after a reboot
     */
    record Stopped(Optional<Instant> startedAt, Instant exitedAt, Optional<ExitStatus> status)
            implements ContainerState {
        @Override
        public String toString() {
            return status.map(ExitStatus::toString).orElse("lost with its shim, or by a restart of the host");
        }
    }

    /** Whether its command can be started: it was created and not started yet. */
    default boolean canStart() {
        return this instanceof Created;
    }

    /** Whether its launch is over, successful or not. */
    default boolean isPastLaunch() {
        return !(this instanceof Creating) && !(this instanceof Created);
    }

    /** Whether commands can be run in it, and its processes signalled or paused. */
    default boolean canExec() {
        return this instanceof Running;
    }

    /** Whether there is anything to stop. */
    default boolean canStop() {
        return !(this instanceof Stopped);
    }

    /** Whether its record and logs can be removed. */
    default boolean canRemove() {
        return this instanceof Stopped;
    }

    /** How it ended; empty before its last process has exited. */
    default Optional<Stopped> outcome() {
        return switch (this) {
            case Creating _, Created _, Running _ -> Optional.empty();
            case CopyingBack(var end) -> Optional.of(end);
            case Stopped stopped -> Optional.of(stopped);
        };
    }

    /** The state in words, to complete "it is not running: it …". */
    default String description() {
        return switch (this) {
            case Creating() -> "is being launched";
            case Created _ -> "is created and not started; nucleus start starts it";
            case Running _ -> "is running";
            case CopyingBack _ -> "has ended, and its workspace is being copied back";
            case Stopped stopped -> "has stopped: " + stopped;
        };
    }

    /** The name of the state. */
    default String word() {
        return switch (this) {
            case Creating() -> "creating";
            case Created _ -> "created";
            case Running _ -> "running";
            case CopyingBack _ -> "copying back";
            case Stopped _ -> "stopped";
        };
    }
}
