package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.container.CriDecoder;
import dev.nucleus.container.OutputSink;
import dev.nucleus.spawner.LaunchException;
import dev.nucleus.spawner.ShimConnection;
import dev.nucleus.spawner.ShimMessage;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.Signal;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/** {@code nucleus exec}: a second process inside, under the same confinement; its exit code is passed on. */
@CommandLine.Command(
        name = "exec",
        mixinStandardHelpOptions = true,
        description = "Run a command inside a container, confined as its workload is.")
final class ExecCommand implements Callable<Integer> {

    private static final Logger log = LoggerFactory.getLogger(ExecCommand.class);

    private final Containers containers;
    private final Session session;
    private volatile boolean over;

    @CommandLine.Option(
            names = {"-n", "--no-stdin"},
            description = "leave the standard input alone")
    private boolean noStdin;

    @CommandLine.Parameters(index = "0", paramLabel = "CONTAINER", description = "name, id, or beginning of an id")
    private String reference = "";

    @CommandLine.Parameters(index = "1..*", arity = "1..*", paramLabel = "COMMAND", description = "after --")
    private List<String> command = List.of();

    ExecCommand(Containers containers, Session session) {
        this.containers = containers;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        Container container = containers.find(reference);
        if (!container.running()) {
            throw new InvalidSpecException("'" + container.name() + "' is not running (" + container.state() + ")");
        }
        try (ShimConnection connection = container.shim().exec(command, !noStdin)) {
            var decoder = new CriDecoder((stream, bytes, offset, length) ->
                    session.output(stream == OutputSink.Stream.STDERR, bytes, offset, length));
            while (true) {
                Optional<ShimMessage> message = connection.receive();
                if (message.isEmpty()) {
                    throw new InvalidSpecException("'" + container.name() + "' ended");
                }
                switch (message.get()) {
                    case ShimMessage.ExecStarted(var id, var _) -> relay(container, connection, id);
                    case ShimMessage.Data(var _, var bytes) -> decoder.accept(bytes);
                    case ShimMessage.ExecExited(var _, var status, var _, var _) -> {
                        over = true;
                        return status.code();
                    }
                    case ShimMessage.Failed(var step, var errno, var detail) ->
                        throw new LaunchException(step, errno, detail);
                    case ShimMessage.Error(var _, var text) -> throw new InvalidSpecException(text);
                    default -> log.debug("unexpected in an exec: {}", message.get());
                }
            }
        }
    }

    /** Carries input and signals to the process. A client that goes away takes it with it. */
    private void relay(Container container, ShimConnection connection, int id) throws IOException {
        if (!noStdin) {
            session.wantInput();
        }
        Thread.ofVirtual().name("relay").start(() -> {
            while (true) {
                try {
                    switch (session.next()) {
                        case Session.Incoming.Input(var bytes) -> connection.input(id, bytes, 0, bytes.length);
                        case Session.Incoming.InputEnd() -> connection.endInput(id);
                        case Session.Incoming.SignalSent(var number) ->
                            container.shim().signalExec(id, new Signal(number));
                        case Session.Incoming.Gone() -> {
                            if (!over) {
                                container.shim().signalExec(id, Signal.KILL);
                            }
                            return;
                        }
                    }
                } catch (IOException e) {
                    log.debug("an exec takes no more: {}", e.toString());
                    return;
                }
            }
        });
    }
}
