package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.failure.Callbacks;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.shim.LaunchException;
import dev.nucleus.shim.ShimConnection;
import dev.nucleus.shim.ShimMessage;
import dev.nucleus.shim.Ticket;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.User;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/** {@code nucleus exec}: runs another process in a container under the same confinement and passes on its exit code. */
@CommandLine.Command(
        name = "exec",
        description = "Run a command in a running container, under the confinement of its workload.",
        footer = "exec returns when the command exits. Processes left in the background keep running, but can't write"
                + " to the streams any more; use -d to start such processes.")
final class ExecCommand implements Callable<Integer> {

    private static final Logger log = LoggerFactory.getLogger(ExecCommand.class);

    private final Containers containers;
    private final Fleets fleets;
    private final Session session;

    @CommandLine.Option(
            names = {"-n", "--no-stdin"},
            description = "do not read standard input")
    private boolean noStdin;

    // Accepted for consistency with other commands; standard input is forwarded unless --no-stdin is given.
    @SuppressWarnings("UnusedVariable")
    @CommandLine.Option(
            names = {"-i", "--interactive"},
            description = "pass standard input to the command; the default")
    private boolean interactive;

    @CommandLine.Option(
            names = {"-d", "--detach"},
            description = "return once the command has started; its output is discarded")
    private boolean detach;

    @CommandLine.Option(
            names = {"-t", "--terminal"},
            description = "use the terminal for the standard streams")
    private boolean terminal;

    @CommandLine.Option(
            names = {"-e", "--env"},
            paramLabel = "NAME=VALUE",
            description = "environment variable in addition to the workload's; repeatable")
    private List<String> env = new ArrayList<>();

    @CommandLine.Option(
            names = {"-w", "--workdir"},
            paramLabel = "DIR",
            description = "working directory; default: the workload's, or / with --user")
    private String workdir = "";

    @CommandLine.Option(
            names = {"-u", "--user"},
            paramLabel = "USER[:GROUP]",
            description = "user in the container, by name or ID; default: the workload's. Root is allowed only if the "
                    + "workload is root")
    private @Nullable String user;

    @CommandLine.Parameters(index = "0", paramLabel = "CONTAINER", description = "container name or ID prefix")
    private String reference = "";

    @CommandLine.Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "COMMAND",
            description = "command and its arguments")
    private List<String> command = List.of();

    ExecCommand(Containers containers, Fleets fleets, Session session) {
        this.containers = containers;
        this.fleets = fleets;
        this.session = session;
    }

    private void check(Container container) {
        if (command.getFirst().equals("--")) {
            command = command.subList(1, command.size());
        }
        for (String variable : env) {
            if (!EnvironmentText.isVariable(variable)) {
                throw new InvalidSpecException("'" + variable + "' is not NAME=value");
            }
        }
        if (container.paused()) {
            throw new InvalidSpecException(
                    "'" + container.name() + "' is paused; resume it first: nucleus resume " + container.name());
        }
    }

    @Override
    public Integer call() throws IOException {
        Container container = Target.running(containers, fleets, reference);
        check(container);
        if (detach) {
            containers.execDetached(
                    container, command, workdir, env, Optional.ofNullable(user).map(User::parse));
            return 0;
        }
        Optional<Session.ClientTerminal> client = terminal ? Optional.of(session.wantTerminal()) : Optional.empty();
        var environment = new ArrayList<>(env);
        client.map(Session.ClientTerminal::kind)
                .filter(kind -> !kind.isEmpty())
                .ifPresent(kind -> environment.addFirst("TERM=" + kind));
        var ticket = new Ticket();
        try (ShimConnection connection = containers.exec(
                container,
                command,
                !noStdin,
                client.map(Session.ClientTerminal::size),
                workdir,
                environment,
                Optional.ofNullable(user).map(User::parse),
                ticket)) {
            // If the client disconnects, its process is ended, even one that has not started yet.
            Callbacks.thenRun(ClientDisconnect.of(session), "end the client's process", connection::close);
            return converse(container, connection, ticket);
        } catch (ClosedChannelException e) {
            throw new ClientDisconnectedException(e);
        }
    }

    private int converse(Container container, ShimConnection connection, Ticket ticket) throws IOException {
        while (true) {
            ShimMessage message = connection
                    .receive()
                    .orElseThrow(() -> new InvalidSpecException(
                            "'" + container.name() + "' has stopped; the exit code of the command is unknown"));
            switch (message) {
                case ShimMessage.ExecStarted _ ->
                    session.attach(container.shim().socket(), ticket, noStdin ? Set.of() : Set.of(AttachOption.INPUT));
                case ShimMessage.ExecExited(var _, var status, var _, var _) -> {
                    return status.code();
                }
                case ShimMessage.Failed(var step, var errno, var detail) ->
                    throw new LaunchException(step, errno, detail);
                case ShimMessage.Error(var _, var text) -> throw new InvalidSpecException(text);
                default -> log.debug("unexpected message during an exec: {}", message);
            }
        }
    }
}
