package dev.nucleus.container;

import dev.nucleus.log.LogStream;
import dev.nucleus.plan.LaunchStep;
import dev.nucleus.shim.LaunchException;
import dev.nucleus.shim.ShimConnection;
import dev.nucleus.shim.ShimMessage;
import dev.nucleus.spec.Signal;
import dev.nucleus.text.VisibleText;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The connection over which one container is launched and followed. One thread at a time reads it. */
final class ContainerConnection implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(ContainerConnection.class);

    private final Container container;
    private final ShimConnection shim;
    private final Consumer<ContainerEvent> events;
    /** Output that arrived before the start was reported, which happens with gVisor. */
    private final Queue<ShimMessage> early = new ArrayDeque<>();

    private Map<LaunchStep, Duration> steps = Map.of();

    /** @param events receives the container's events, in the thread that follows it */
    ContainerConnection(Container container, ShimConnection shim, Consumer<ContainerEvent> events) {
        this.container = container;
        this.shim = shim;
        this.events = events;
    }

    /**
     * Waits until the command runs.
     *
     * @throws LaunchException naming the step that failed
     */
    ContainerState.Running awaitStart() throws IOException {
        while (true) {
            if (awaitNext() instanceof ContainerState.Running running) {
                return running;
            }
        }
    }

    /**
     * Waits until the command runs or, for a container that is only to be created, until everything but the command is
     * done.
     *
     * @throws LaunchException naming the step that failed
     */
    ContainerState awaitNext() throws IOException {
        while (true) {
            ShimMessage message = shim.receive()
                    .orElseThrow(() -> new LaunchException(
                            LaunchStep.PLAN,
                            32,
                            "the shim of '" + container.name() + "' exited without reporting the launch"));
            switch (message) {
                case ShimMessage.Steps(var done) -> steps = done;
                case ShimMessage.Created(var pid, var ticks) -> {
                    return new ContainerState.Created(pid, ticks);
                }
                case ShimMessage.Started(var pid, var ticks, var at) -> {
                    return new ContainerState.Running(pid, ticks, at, steps);
                }
                case ShimMessage.Failed(var step, var errno, var detail) ->
                    throw new LaunchException(step, errno, detail);
                case ShimMessage.Data _, ShimMessage.End _ -> early.add(message);
                default -> handle(message);
            }
        }
    }

    /** Follows the container to its end. Empty if the shim was lost. */
    Optional<ShimMessage.Exited> follow() throws IOException {
        Optional<ShimMessage> message = shim.receive();
        while (message.isPresent() && !(message.get() instanceof ShimMessage.Exited)) {
            handle(message.get());
            message = shim.receive();
        }
        return message.map(ShimMessage.Exited.class::cast);
    }

    /**
     * As {@link #follow()}, also passing on the output requested at launch. The caller reads whatever the shim couldn't
     * deliver ({@link LogStream#finish}).
     *
     * @throws dev.nucleus.shim.ShimException when the shim has no slot for another attached client
     */
    Optional<ShimMessage.Exited> follow(LogStream output) throws IOException {
        Optional<ShimMessage.Exited> exited = Optional.empty();
        while (!early.isEmpty()) {
            output.accept(early.remove());
        }
        Optional<ShimMessage> message = shim.receive();
        while (message.isPresent()) {
            if (message.get() instanceof ShimMessage.Exited exit) {
                exited = Optional.of(exit);
            } else if (message.get() instanceof ShimMessage.Error error) {
                throw error.failure();
            } else if (!output.accept(message.get())) {
                handle(message.get());
            }
            if (exited.isPresent() && output.ended()) {
                return exited;
            }
            message = shim.receive();
        }
        return exited;
    }

    /** Reads until the shim exits, and logs the hooks that fail until then. */
    void followHooks() {
        try (shim) {
            Optional<ShimMessage> message = shim.receive();
            while (message.isPresent()) {
                handle(message.get());
                message = shim.receive();
            }
        } catch (IOException e) {
            log.debug("lost the shim of '{}' while its hooks ran: {}", container.name(), e.toString());
        }
    }

    private void handle(ShimMessage message) {
        switch (message) {
            case ShimMessage.Warning warning -> warn(warning);
            case ShimMessage.Notified(var text) -> container.notifyState().accept(text);
            case ShimMessage.Init(var reaped, var forwarded) ->
                events.accept(new ContainerEvent.InitActed(
                        container, reaped, forwarded.stream().map(Signal::new).toList()));
            default -> log.debug("ignoring a message from the shim of '{}': {}", container.name(), message);
        }
    }

    private void warn(ShimMessage.Warning warning) {
        if (warning.step() == LaunchStep.HOOKS) {
            log.warn("'{}': {}", container.name(), VisibleText.line(warning.detail()));
        } else {
            log.warn(
                    "'{}' runs without {}: {} (errno {})",
                    container.name(),
                    warning.step().words(),
                    VisibleText.line(warning.detail()),
                    warning.errno());
        }
    }

    ShimConnection shim() {
        return shim;
    }

    @Override
    public void close() {
        shim.close();
    }
}
