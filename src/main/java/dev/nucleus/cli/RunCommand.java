package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerState;
import dev.nucleus.container.Containers;
import dev.nucleus.container.LaunchOrder;
import dev.nucleus.failure.Callbacks;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.shim.ExitStatus;
import dev.nucleus.shim.Ticket;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.WorkspaceMount;
import java.io.IOException;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/** {@code nucleus run}: runs a command in a new container and passes on its exit code. */
@CommandLine.Command(
        name = "run",
        description =
                "Run a command in a new container, attached to its streams. The container is removed when the command "
                        + "exits. With -d it runs in the background.")
final class RunCommand implements Callable<Integer> {

    private static final Logger log = LoggerFactory.getLogger(RunCommand.class);

    static final LaunchPlan.Terminal DEFAULT_TERMINAL_SIZE = new LaunchPlan.Terminal(24, 80);

    private final Containers containers;
    private final Supplier<Session> caller;

    @CommandLine.Mixin
    private ContainerOptions options = new ContainerOptions();

    @CommandLine.Mixin
    private SupervisorOptions supervisor = new SupervisorOptions();

    @CommandLine.Option(
            names = {"-d", "--detach"},
            description = "run in the background and print the container ID")
    private boolean detach;

    @CommandLine.Option(
            names = {"-n", "--no-stdin"},
            description = "do not read standard input")
    private boolean noStdin;

    @CommandLine.Option(
            names = {"-i", "--interactive"},
            description = "pass standard input to the command, the default; with -d, keep it open for nucleus attach")
    private boolean interactive;

    @CommandLine.Option(
            names = {"-t", "--terminal"},
            description = "use a terminal for the standard streams")
    private boolean terminal;

    @CommandLine.Option(
            names = "--rm",
            description = "remove the container when its command exits; the default without -d, not allowed with -d")
    private boolean remove;

    @CommandLine.Option(names = "--name", paramLabel = "NAME", description = "container name; default: its ID")
    private @Nullable String name;

    @CommandLine.Parameters(arity = "1..*", paramLabel = "COMMAND", description = "command and its arguments")
    private List<String> command = List.of();

    /** @param caller available only while a command runs: the command is described in advance */
    RunCommand(Containers containers, Supplier<Session> caller) {
        this.containers = containers;
        this.caller = caller;
    }

    @Override
    public Integer call() throws IOException {
        Session session = caller.get();
        ContainerSpec spec = options.spec(command, session);
        Optional<String> checked = Optional.ofNullable(name).map(Containers::checkName);
        supervisor.check(terminal && detach);
        if (remove && detach) {
            throw new InvalidSpecException(
                    "--rm can't be combined with -d; remove a container that runs in the background with nucleus rm");
        }
        Optional<Session.ClientTerminal> client =
                terminal && !detach ? Optional.of(session.wantTerminal()) : Optional.empty();
        if (terminal) {
            spec = withTerminal(spec, client.map(Session.ClientTerminal::kind).orElse("xterm"));
        }
        Optional<LaunchPlan.Console> console = client.map(Session.ClientTerminal::size)
                .or(() -> terminal ? Optional.of(DEFAULT_TERMINAL_SIZE) : Optional.empty())
                .map(size -> new LaunchPlan.Console(size, supervisor.consoleSocket(session)));
        boolean input = detach ? interactive || terminal : !noStdin;
        var order = (detach ? LaunchOrder.detached(spec) : LaunchOrder.attached(spec))
                .named(checked)
                .withStreams(input, console)
                .reporting(session::note);
        if (detach) {
            Container container = containers.launch(order);
            // The record is complete before the ID is printed, so a manager that starts later knows the container.
            container.described().join();
            supervisor.writePid(session, containers, container);
            session.print(container.id());
            return 0;
        }
        return attached(session, order);
    }

    private int attached(Session session, LaunchOrder order) {
        var ticket = new Ticket();
        var ran = new AtomicReference<Container>();
        var code = new AtomicInteger(Commands.REFUSED);
        containers.run(
                order,
                ticket,
                container -> {
                    ran.set(container);
                    supervisor.writePid(session, containers, container);
                    attach(session, container, order.spec(), ticket);
                },
                end -> {
                    code.set(end.status().map(status -> status.code()).orElse(Commands.REFUSED));
                    reportExit(session, ran.get(), end, code.get());
                });
        return code.get();
    }

    /** Attaches the client. If the client disconnects, its container is killed. */
    private void attach(Session session, Container container, ContainerSpec spec, Ticket ticket) {
        var options = EnumSet.noneOf(AttachOption.class);
        if (!noStdin) {
            options.add(AttachOption.INPUT);
        }
        if (spec.filesystem().workspace().filter(WorkspaceMount::copied).isPresent()) {
            options.add(AttachOption.WORKSPACE);
        }
        try {
            session.attach(container.shim().socket(), ticket, options);
        } catch (IOException e) {
            log.debug("the client disconnected: {}", e.toString());
            kill(container);
            return;
        }
        Callbacks.thenRun(ClientDisconnect.of(session), "kill the client's container", () -> {
            if (container.isRunning()) {
                kill(container);
            }
        });
    }

    /** Reports the end to the client, which does not wait for the cleanup that follows. */
    private static void reportExit(Session session, Container container, ContainerState.Stopped end, int code) {
        try {
            if (end.status().filter(ExitStatus::outOfMemory).isPresent()) {
                session.writer(true)
                        .println(
                                "nucleus: out of memory: the kernel killed a process of the container at its memory limit");
            }
            Optional<String> workspaceResult = container.workspaceResult();
            if (workspaceResult.isPresent()) {
                session.writer(true).println("nucleus: " + workspaceResult.get());
            }
            session.exit(code);
        } catch (IOException e) {
            log.debug("the client disconnected: {}", e.toString());
        }
    }

    static ContainerSpec withTerminal(ContainerSpec spec, String kind) {
        var env = new TreeMap<>(spec.env());
        env.putIfAbsent("TERM", kind.isEmpty() ? "xterm" : kind);
        return spec.change().env(env).build();
    }

    private static void kill(Container container) {
        try {
            container.shim().signal(Signal.KILL);
        } catch (IOException e) {
            log.debug("'{}' has already stopped: {}", container.name(), e.toString());
        }
    }
}
