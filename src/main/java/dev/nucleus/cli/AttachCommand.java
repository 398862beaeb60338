package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.shim.ExitStatus;
import dev.nucleus.shim.Ticket;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import picocli.CommandLine;

/** {@code nucleus attach}: connects the client to the streams of a running container and passes on its exit code. */
@CommandLine.Command(
        name = "attach",
        description =
                "Attach to the standard streams of a running container. Signals to the client, such as by Ctrl-C or"
                        + " timeout, are forwarded to its command; Ctrl-P Ctrl-Q detaches from a terminal.")
final class AttachCommand implements Callable<Integer> {

    private final Containers containers;
    private final Fleets fleets;
    private final Session session;

    @CommandLine.Option(
            names = {"-n", "--no-stdin"},
            description = "do not read standard input")
    private boolean noStdin;

    @CommandLine.Option(
            names = {"-t", "--terminal"},
            description = "pass every key to the container's terminal; the default where both have a terminal")
    private boolean terminal;

    @CommandLine.Parameters(paramLabel = "CONTAINER", description = "container name or ID prefix")
    private String reference = "";

    AttachCommand(Containers containers, Fleets fleets, Session session) {
        this.containers = containers;
        this.fleets = fleets;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        Container container = Target.running(containers, fleets, reference);
        Optional<Session.ClientTerminal> client = terminal
                ? Optional.of(session.wantTerminal())
                : container.hasTerminal() && !noStdin ? session.offerTerminal() : Optional.empty();
        if (client.isPresent()) {
            container.shim().resize(0, client.get().size());
        }
        var ticket = new Ticket();
        container.shim().announce(ticket);
        var options = EnumSet.of(AttachOption.DETACH_KEYS);
        if (!noStdin) {
            options.add(AttachOption.INPUT);
        }
        session.attach(container.shim().socket(), ticket, options);
        CompletableFuture<Integer> left = ClientDisconnect.of(session).thenApply(_ -> 0);
        return container
                .end()
                .thenApply(end -> end.status().map(ExitStatus::code).orElse(Commands.REFUSED))
                .applyToEither(left, Function.identity())
                .join();
    }
}
