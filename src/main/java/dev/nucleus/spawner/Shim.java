package dev.nucleus.spawner;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.PlanEncoder;
import dev.nucleus.plan.WireWriter;
import dev.nucleus.spec.Port;
import dev.nucleus.spec.Signal;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The shim of one container, reached by its socket. Each request has a connection of its own.
 *
 * @param socket where it listens
 */
public record Shim(Path socket) {

    /** What it may take to answer on a busy host, besides what it was asked to wait. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** What a connection may take: a shim that is stopped accepts none once as many wait as it has room for. */
    private static final Duration REACHING = Duration.ofSeconds(1);

    /** What a request to copy begins with, in place of whether to capture; see native/src/base/shim_messages.h, enum exec_kind. */
    static final int COPY = 2;

    /** Follows the container's life: {@link ShimMessage.Started} and {@link ShimMessage.Exited} arrive on it. */
    public ShimConnection subscribe() throws IOException {
        return subscribe(ShimConnection.connect(socket));
    }

    /**
     * As {@link #subscribe()}, for one that may be long to say its first word.
     *
     * @param patience until then
     */
    public ShimConnection subscribe(Duration patience) throws IOException {
        return subscribe(ShimConnection.connect(socket, patience));
    }

    private static ShimConnection subscribe(ShimConnection connection) {
        connection.send(Request.SUBSCRIBE, ByteBuffer.allocate(0));
        return connection;
    }

    /** Whether it has exited: nothing listens at its socket. Any other failure to reach it says nothing. */
    public boolean hasGone() {
        if (!Files.exists(socket)) {
            return true;
        }
        try (ShimConnection connection = ShimConnection.connect(socket, REACHING)) {
            connection.stay();
            return false;
        } catch (ConnectException e) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    public void signal(Signal signal) throws IOException {
        ask(Request.SIGNAL, new WireWriter(4).u32(signal.number()).finish(), "signal");
    }

    /** Signals a process that {@link #exec} started. */
    public void signalExec(int id, Signal signal) throws IOException {
        ask(Request.SIGNAL, new WireWriter(8).u32(signal.number()).u32(id).finish(), "signal");
    }

    /** The signal now; SIGKILL after the grace. Returns at once. */
    public void stop(Signal signal, Duration grace) throws IOException {
        ask(Request.STOP, new WireWriter(8).u32(signal.number()).millis(grace).finish(), "stop");
    }

    /** Lets a container that was only created start its command. Returns at once. */
    public void start() throws IOException {
        ask(Request.START, ByteBuffer.allocate(0), "start");
    }

    /** Stops every process of the container where it is, or lets them go on. */
    public void freeze(boolean freeze) throws IOException {
        ask(Request.FREEZE, new WireWriter(1).bool(freeze).finish(), freeze ? "pause" : "resume");
    }

    /** What the container tried and its filter refused, in no order. */
    public List<DenialRecord> denials() throws IOException {
        var denials = new ArrayList<DenialRecord>();
        try (ShimConnection connection = ShimConnection.connect(socket, PATIENCE)) {
            connection.send(Request.DENIALS, ByteBuffer.allocate(0));
            while (true) {
                switch (connection.receive().orElseThrow(() -> new IOException("the shim left"))) {
                    case ShimMessage.Denied(var denial) -> denials.add(denial);
                    case ShimMessage.End() -> {
                        return denials;
                    }
                    case ShimMessage.Error error -> throw error.failure();
                    default -> throw new IOException("an unexpected answer of the shim");
                }
            }
        }
    }

    /**
     * The container's record as the shim was given it with the plan: what {@code state.json} held when it was written.
     *
     * @throws ShimException when the shim is of an earlier version, which doesn't keep it
     * @throws ShimTimeoutException when the shim does not answer
     */
    public byte[] fetchRecord() throws IOException {
        try (ShimConnection connection = ShimConnection.connect(socket, PATIENCE)) {
            connection.send(Request.RECORD, ByteBuffer.allocate(0));
            return switch (connection.receive().orElseThrow(() -> new IOException("the shim left"))) {
                case ShimMessage.Recorded(var bytes) -> bytes;
                case ShimMessage.Error error -> throw error.failure();
                default -> throw new IOException("an unexpected answer of the shim");
            };
        }
    }

    private void ask(Request request, ByteBuffer payload, String what) throws IOException {
        try (ShimConnection connection = ShimConnection.connect(socket, PATIENCE)) {
            connection.send(request, payload);
            switch (connection.receive().orElseThrow(() -> new IOException("the shim left"))) {
                case ShimMessage.Ok() -> {}
                case ShimMessage.Error error ->
                    throw new ShimException(
                            "can't " + what + ": " + error.failure().getMessage());
                default -> throw new IOException("can't " + what + ": an unexpected answer of the shim");
            }
        }
    }

    /** How a command that was run inside ended, with the beginning of what it wrote. */
    public record Captured(ExitStatus status, boolean timedOut, String output) {}

    /**
     * Runs a command inside, as the workload's user and under its confinement, and waits for it.
     *
     * @throws LaunchException when it could not be started
     * @throws ShimTimeoutException when the shim itself does not answer
     */
    public Captured capture(List<String> command, Duration timeout) throws IOException {
        try (ShimConnection connection = ShimConnection.connect(socket, timeout.plus(PATIENCE))) {
            connection.send(
                    Request.EXEC,
                    execRequest(
                            true,
                            false,
                            Optional.empty(),
                            timeout,
                            "",
                            command,
                            List.of(),
                            Optional.empty(),
                            new byte[0]));
            while (true) {
                switch (connection.receive().orElseThrow(() -> new IOException("the container ended"))) {
                    case ShimMessage.ExecExited(var _, var status, var timedOut, var output) -> {
                        return new Captured(status, timedOut, new String(output, StandardCharsets.UTF_8));
                    }
                    case ShimMessage.Failed(var step, var errno, var detail) ->
                        throw new LaunchException(step, errno, detail);
                    case ShimMessage.Error error -> throw error.failure();
                    default -> {
                        // ExecStarted: the end follows.
                    }
                }
            }
        }
    }

    /**
     * Runs a command inside, with streams for the client that has the ticket; how it goes is told on the connection.
     *
     * @param workdir empty: the workload's
     * @param environment NAME=value, besides the workload's
     * @param user empty: the workload's
     */
    public ShimConnection exec(
            List<String> command,
            boolean input,
            Optional<LaunchPlan.Terminal> terminal,
            String workdir,
            List<String> environment,
            Optional<LaunchPlan.Identity> user,
            Ticket ticket)
            throws IOException {
        ShimConnection connection = ShimConnection.connect(socket);
        connection.send(
                Request.EXEC,
                execRequest(
                        false, input, terminal, Duration.ZERO, workdir, command, environment, user, ticket.bytes()));
        return connection;
    }

    /** The same as the workload's user. */
    public ShimConnection exec(
            List<String> command,
            boolean input,
            Optional<LaunchPlan.Terminal> terminal,
            String workdir,
            List<String> environment,
            Ticket ticket)
            throws IOException {
        return exec(command, input, terminal, workdir, environment, Optional.empty(), ticket);
    }

    /** Which way files go, and how; see native/src/shim/copy.h. */
    public enum Copy {
        IN,
        OUT
    }

    /**
     * Copies files between the container and the client that has the ticket; how it goes is told on the connection.
     *
     * @param path in the container
     * @param options letters, as native/src/shim/copy.h has them
     */
    public ShimConnection copy(Copy direction, String options, String path, Ticket ticket) throws IOException {
        byte[] key = ticket.bytes();
        WireWriter wire = new WireWriter(256).u8(COPY).bool(direction == Copy.IN);
        PlanEncoder.terminal(wire, Optional.empty());
        wire.u32(0)
                .string("/")
                .strings(List.of(direction == Copy.IN ? "in" : "out", "-" + options, path))
                .strings(List.of())
                .bool(false)
                .raw(key, 0, key.length);
        ShimConnection connection = ShimConnection.connect(socket);
        connection.send(Request.EXEC, wire.finish());
        return connection;
    }

    /** As {@link #exec} without streams: its output is discarded, and it goes on when the connection is closed. */
    public ShimConnection exec(
            List<String> command, String workdir, List<String> environment, Optional<LaunchPlan.Identity> user)
            throws IOException {
        ShimConnection connection = ShimConnection.connect(socket);
        connection.send(
                Request.EXEC,
                execRequest(
                        false,
                        false,
                        Optional.empty(),
                        Duration.ZERO,
                        workdir,
                        command,
                        environment,
                        user,
                        new byte[0]));
        return connection;
    }

    private static ByteBuffer execRequest(
            boolean capture,
            boolean input,
            Optional<LaunchPlan.Terminal> terminal,
            Duration timeout,
            String workdir,
            List<String> command,
            List<String> environment,
            Optional<LaunchPlan.Identity> user,
            byte[] ticket) {
        WireWriter wire = new WireWriter(256).bool(capture).bool(input);
        PlanEncoder.terminal(wire, terminal);
        wire.millis(timeout)
                .string(workdir)
                .strings(command)
                .strings(environment)
                .bool(user.isPresent());
        user.ifPresent(other -> wire.u32(other.uid()).u32(other.gid()).list(other.groups(), WireWriter::u32));
        return wire.raw(ticket, 0, ticket.length).finish();
    }

    /** Lets the client with a ticket attach to the workload, which goes on when that leaves. */
    public void announce(Ticket ticket) throws IOException {
        byte[] bytes = ticket.bytes();
        ask(
                Request.TICKET,
                new WireWriter(5 + bytes.length)
                        .u32(0)
                        .bool(false)
                        .raw(bytes, 0, bytes.length)
                        .finish(),
                "announce a client");
    }

    /** Tells the terminal of the workload (id 0) or of an exec its new size. */
    public void resize(int id, LaunchPlan.Terminal size) throws IOException {
        ask(
                Request.RESIZE,
                new WireWriter(8).u32(id).u16(size.rows()).u16(size.columns()).finish(),
                "resize");
    }

    /** Follows the container's log from an offset. */
    public ShimConnection log(long offset, boolean follow) throws IOException {
        ShimConnection connection = ShimConnection.connect(socket);
        connection.stream(0, offset, follow);
        return connection;
    }

    /**
     * Opens a TCP stream to a port of the container's loopback interface.
     *
     * @throws IOException when nothing answers there within the timeout
     */
    public SocketChannel dial(Port port, Duration timeout) throws IOException {
        ShimConnection connection = ShimConnection.connect(socket, timeout.plus(PATIENCE));
        try {
            connection.readNoFurther();
            connection.send(
                    Request.DIAL,
                    new WireWriter(8).u16(port.number()).millis(timeout).finish());
            Optional<ShimMessage> answer = connection.receive();
            if (answer.isPresent() && answer.get() instanceof ShimMessage.Dialed) {
                connection.stay();
                return connection.channel();
            }
            throw new IOException(
                    answer.isPresent() && answer.get() instanceof ShimMessage.Error(var errno, var text)
                            ? text + " to port " + port.number() + ": " + Errno.describe(errno)
                            : "the container ended");
        } catch (IOException e) {
            connection.close();
            throw e;
        }
    }
}
