package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.container.LaunchOrder;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.spec.ContainerSpec;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** {@code nucleus create}: launches a container up to the start of its command, as in the OCI runtime specification. */
@CommandLine.Command(
        name = "create",
        description = "Create a container without starting its command and print its ID. nucleus start starts it.")
final class CreateCommand implements Callable<Integer> {

    private final Containers containers;
    private final Session session;

    @CommandLine.Mixin
    private ContainerOptions options = new ContainerOptions();

    @CommandLine.Option(
            names = {"-i", "--interactive"},
            description = "keep standard input open for nucleus attach")
    private boolean interactive;

    @CommandLine.Option(
            names = {"-t", "--terminal"},
            description = "use a terminal for the standard streams")
    private boolean terminal;

    @CommandLine.Mixin
    private SupervisorOptions supervisor = new SupervisorOptions();

    @CommandLine.Option(names = "--name", paramLabel = "NAME", description = "container name; default: its ID")
    private @Nullable String name;

    @CommandLine.Parameters(arity = "1..*", paramLabel = "COMMAND", description = "command and its arguments")
    private List<String> command = List.of();

    CreateCommand(Containers containers, Session session) {
        this.containers = containers;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        supervisor.check(terminal);
        Optional<LaunchPlan.Console> console = terminal
                ? Optional.of(
                        new LaunchPlan.Console(RunCommand.DEFAULT_TERMINAL_SIZE, supervisor.consoleSocket(session)))
                : Optional.empty();
        ContainerSpec spec = options.spec(command, session);
        var order = LaunchOrder.detached(
                        Optional.ofNullable(name).map(Containers::checkName),
                        terminal ? RunCommand.withTerminal(spec, "xterm") : spec)
                .withStreams(interactive || terminal, console);
        Container container = containers.create(order);
        supervisor.writePid(session, containers, container);
        session.print(container.id());
        return 0;
    }
}
