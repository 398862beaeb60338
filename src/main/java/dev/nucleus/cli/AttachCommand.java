package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.spawner.ExitStatus;
import dev.nucleus.spawner.Ticket;
import dev.nucleus.spec.InvalidSpecException;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import picocli.CommandLine;

/** {@code nucleus attach}: the streams of a container that runs; its exit code is passed on. */
@CommandLine.Command(
        name = "attach",
        mixinStandardHelpOptions = true,
        description = "Read what a container writes from now on, and write to it; Ctrl-P Ctrl-Q leaves its terminal.")
final class AttachCommand implements Callable<Integer> {

    private final Containers containers;
    private final Session session;

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
        if (client.isPresent()) {
            container.shim().resize(0, client.get().size());
        }
        var ticket = new Ticket();
        container.shim().announce(ticket);
        session.attach(container.shim().socket(), ticket, !noStdin, true);
        var left = new CompletableFuture<Integer>();
        Thread.ofVirtual().name("client").start(() -> {
            session.awaitLeft();
            left.complete(0);
        });
        return container
                .end()
                .thenApply(end -> end.status().map(ExitStatus::code).orElse(Commands.REFUSED))
                .applyToEither(left, Function.identity())
                .join();
    }
}
