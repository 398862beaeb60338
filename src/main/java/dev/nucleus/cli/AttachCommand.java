package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.container.OutputSink;
import dev.nucleus.spawner.ExitStatus;
import dev.nucleus.spec.InvalidSpecException;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus attach}: the streams of a container that runs; its exit code is passed on. */
@CommandLine.Command(
        name = "attach",
        mixinStandardHelpOptions = true,
        description = "Read what a container writes from now on, and write to it; Ctrl-P Ctrl-Q leaves its terminal.")
final class AttachCommand implements Callable<Integer> {

    private final Containers containers;
    private final Session session;
    private volatile boolean over;

    @CommandLine.Option(
            names = {"-n", "--no-stdin"},
            description = "leave the standard input alone")
    private boolean noStdin;

    @CommandLine.Option(
            names = {"-t", "--terminal"},
            description = "its standard streams are a terminal: hand every key on")
    private boolean terminal;

    @CommandLine.Parameters(paramLabel = "CONTAINER", description = "name, id, or beginning of an id")
    private String reference = "";

    AttachCommand(Containers containers, Session session) {
        this.containers = containers;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        Container container = containers.find(reference);
        if (!container.running()) {
            throw new InvalidSpecException("'" + container.name() + "' is not running (" + container.state() + ")");
        }
        Optional<Session.ClientTerminal> client = terminal ? Optional.of(session.wantTerminal()) : Optional.empty();
        Optional<ExitStatus> end = containers.attach(
                container,
                (stream, bytes, offset, length) ->
                        session.output(stream == OutputSink.Stream.STDERR, bytes, offset, length),
                attachment -> {
                    try {
                        if (client.isPresent()) {
                            container.shim().resize(0, client.get().size());
                        }
                        if (!noStdin) {
                            session.wantInput();
                        }
                    } catch (IOException e) {
                        attachment.connection().close();
                        throw new InvalidSpecException("can't attach to '" + container.name() + "': " + e.getMessage());
                    }
                    new Relay(
                                    session,
                                    container,
                                    attachment.connection(),
                                    0,
                                    () -> !over && container.running(),
                                    attachment.connection()::close)
                            .thatCanBeLeft()
                            .start();
                });
        over = true;
        return end.map(ExitStatus::code).orElse(0);
    }
}
