package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerState;
import dev.nucleus.container.Containers;
import dev.nucleus.container.LaunchOrder;
import dev.nucleus.container.OutputSink;
import dev.nucleus.spawner.ShimConnection;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Signal;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/** {@code nucleus run}: a container with its streams attached; its exit code is passed on. */
@CommandLine.Command(
        name = "run",
        mixinStandardHelpOptions = true,
        description = "Run a command in a new container; without -d with streams attached, and removed at its end.")
final class RunCommand implements Callable<Integer> {

    private static final Logger log = LoggerFactory.getLogger(RunCommand.class);

    private final Containers containers;
    private final Session session;

    @CommandLine.Mixin
    private ContainerOptions options = new ContainerOptions();

    @CommandLine.Option(
            names = {"-d", "--detach"},
            description = "print the id and leave it running")
    private boolean detach;

    @CommandLine.Option(
            names = {"-n", "--no-stdin"},
            description = "leave the standard input alone")
    private boolean noStdin;

    @CommandLine.Option(names = "--name", description = "its name among live containers")
    private @Nullable String name;

    @CommandLine.Parameters(arity = "1..*", paramLabel = "COMMAND", description = "after --")
    private List<String> command = List.of();

    RunCommand(Containers containers, Session session) {
        this.containers = containers;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        ContainerSpec spec = options.spec(command, session);
        Optional<String> checked = Optional.ofNullable(name).map(Containers::checkName);
        if (detach) {
            session.print(containers.launch(LaunchOrder.detached(checked, spec)).id());
            return 0;
        }
        var order = new LaunchOrder(checked, spec, Map.of(), Optional.empty(), true, !noStdin);
        var ran = new AtomicReference<Container>();
        ContainerState.Stopped end = containers.run(
                order,
                (stream, bytes, offset, length) ->
                        session.output(stream == OutputSink.Stream.STDERR, bytes, offset, length),
                attachment -> {
                    ran.set(attachment.container());
                    relay(attachment.container(), attachment.connection());
                });
        Optional<String> broughtBack = Optional.ofNullable(ran.get()).flatMap(Container::broughtBack);
        if (broughtBack.isPresent()) {
            session.writer(true).println("nucleus: " + broughtBack.get());
        }
        return end.status().map(status -> status.code()).orElse(Commands.REFUSED);
    }

    /** Carries input and signals to the workload. A client that goes away takes its container with it. */
    private void relay(Container container, ShimConnection connection) {
        try {
            if (!noStdin) {
                session.wantInput();
            }
        } catch (IOException e) {
            log.debug("the client left: {}", e.toString());
        }
        Thread.ofVirtual().name("relay").start(() -> {
            while (container.running()) {
                try {
                    switch (session.next()) {
                        case Session.Incoming.Input(var bytes) -> connection.input(0, bytes, 0, bytes.length);
                        case Session.Incoming.InputEnd() -> connection.endInput(0);
                        case Session.Incoming.SignalSent(var number) ->
                            container.shim().signal(new Signal(number));
                        case Session.Incoming.Gone() -> {
                            if (container.running()) {
                                container.shim().signal(Signal.KILL);
                            }
                            return;
                        }
                    }
                } catch (IOException e) {
                    log.debug("'{}' takes no more: {}", container.name(), e.toString());
                    return;
                }
            }
        });
    }
}
