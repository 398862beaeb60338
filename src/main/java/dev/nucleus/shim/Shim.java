package dev.nucleus.shim;

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
 * The shim of one container, reached over its socket. Each request has a connection of its own.
 *
 * @param socket where it listens
 */
public record Shim(Path socket) {

    /** Time allowed for an answer on a busy host, in addition to the timeout of the request itself. */
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(5);

    /** Time allowed for connecting: a suspended shim can't be connected to once its backlog is full. */
    private static final Duration REACHING = Duration.ofSeconds(1);

    /**
     * First byte of a copy request, in place of the capture flag; see native/src/base/shim_messages.h, enum exec_kind.
     */
    static final int COPY = 2;

    /** Follows the container: {@link ShimMessage.Started} and {@link ShimMessage.Exited} arrive on the connection. */
    public ShimConnection subscribe() throws IOException {
        return subscribe(ShimConnection.connect(socket));
    }

    /**
     * As {@link #subscribe()}, with a limit on the wait for the first message.
     *
     * @param patience time allowed until then
     */
    public ShimConnection subscribe(Duration patience) throws IOException {
        return subscribe(ShimConnection.connect(socket, patience));
    }

    private static ShimConnection subscribe(ShimConnection connection) {
        connection.send(Request.SUBSCRIBE, ByteBuffer.allocate(0));
        return connection;
    }

    /** Whether it has exited, so that nothing listens on its socket. No other connection failure means that. */
    public boolean hasExited() {
        if (!Files.exists(socket)) {
            return true;
        }
        try (ShimConnection connection = ShimConnection.connect(socket, REACHING)) {
            connection.cancelDeadline();
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

    /** Sends the signal now, and SIGKILL after the grace period. Returns at once. */
    public void stop(Signal signal, Duration grace) throws IOException {
        ask(Request.STOP, new WireWriter(8).u32(signal.number()).millis(grace).finish(), "stop");
    }

    /** Starts the command of a container that was only created. Returns at once. */
    public void start() throws IOException {
        ask(Request.START, ByteBuffer.allocate(0), "start");
    }

    /** Freezes or thaws all processes of the container. */
    public void freeze(boolean freeze) throws IOException {
        ask(Request.FREEZE, new WireWriter(1).bool(freeze).finish(), freeze ? "pause" : "resume");
    }

    /** The system calls that the container's filter denied, in no particular order. */
    public List<DenialRecord> denials() throws IOException {
        var denials = new ArrayList<DenialRecord>();
        try (ShimConnection connection = ShimConnection.connect(socket, REQUEST_TIMEOUT)) {
            connection.send(Request.DENIALS, ByteBuffer.allocate(0));
            while (true) {
                switch (connection.receive().orElseThrow(() -> new IOException("the shim closed the connection"))) {
                    case ShimMessage.Denied(var denial) -> denials.add(denial);
                    case ShimMessage.End() -> {
                        return denials;
                    }
                    case ShimMessage.Error error -> throw error.failure();
                    default -> throw new IOException("unexpected answer from the shim");
                }
            }
        }
    }

    /**
     * The container's record as it was sent to the shim with the plan: the original content of {@code state.json}.
     *
     * @throws ShimException when the shim is of an earlier version, which doesn't store it
     * @throws ShimTimeoutException when the shim does not answer
     */
    public byte[] fetchRecord() throws IOException {
        try (ShimConnection connection = ShimConnection.connect(socket, REQUEST_TIMEOUT)) {
            connection.send(Request.RECORD, ByteBuffer.allocate(0));
            return switch (connection.receive().orElseThrow(() -> new IOException("the shim closed the connection"))) {
                case ShimMessage.Recorded(var bytes) -> bytes;
                case ShimMessage.Error error -> throw error.failure();
                default -> throw new IOException("unexpected answer from the shim");
            };
        }
    }

    private void ask(Request request, ByteBuffer payload, String what) throws IOException {
        try (ShimConnection connection = ShimConnection.connect(socket, REQUEST_TIMEOUT)) {
            connection.send(request, payload);
            switch (connection.receive().orElseThrow(() -> new IOException("the shim closed the connection"))) {
                case ShimMessage.Ok() -> {}
                case ShimMessage.Error error ->
                    throw new ShimException(
                            "can't " + what + ": " + error.failure().getMessage());
                default -> throw new IOException("can't " + what + ": unexpected answer from the shim");
            }
        }
    }

    /** How a command that was run inside ended, with the beginning of its output. */
    public record Captured(ExitStatus status, boolean timedOut, String output) {}

    /**
     * Runs a command inside, as the workload's user and under its confinement, and waits for it.
     *
     * @throws LaunchException when it could not be started
     * @throws ShimTimeoutException when the shim itself does not answer
     */
    public Captured capture(List<String> command, Duration timeout) throws IOException {
        try (ShimConnection connection = ShimConnection.connect(socket, timeout.plus(REQUEST_TIMEOUT))) {
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
                        // ExecStarted: ExecExited follows.
                    }
                }
            }
        }
    }

    /**
     * Runs a command inside, with streams for the client that has the ticket; its progress is reported on the
     * connection.
     *
     * @param workdir empty: the workload's
     * @param environment NAME=value, in addition to the workload's
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

    /** As the method above, for the workload's user. */
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

    /** The direction of a copy, from the container's view; see native/src/shim/copy.h. */
    public enum Copy {
        IN,
        OUT
    }

    /**
     * Copies files between the container and the client that has the ticket; its progress is reported on the
     * connection.
     *
     * @param path in the container
     * @param options letters, as defined in native/src/shim/copy.h
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

    /** As {@link #exec}, without streams: output is discarded, and the command outlives the connection. */
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

    /** Lets the client that has the ticket attach to the workload, which keeps running when the client disconnects. */
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

    /** Sets the terminal size of the workload (id 0) or of an exec. */
    public void resize(int id, LaunchPlan.Terminal size) throws IOException {
        ask(
                Request.RESIZE,
                new WireWriter(8).u32(id).u16(size.rows()).u16(size.columns()).finish(),
                "resize");
    }

    /** Reads the container's log from an offset, and follows it on request. */
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
        ShimConnection connection = ShimConnection.connect(socket, timeout.plus(REQUEST_TIMEOUT));
        try {
            connection.readNoFurther();
            connection.send(
                    Request.DIAL,
                    new WireWriter(8).u16(port.number()).millis(timeout).finish());
            Optional<ShimMessage> answer = connection.receive();
            if (answer.isPresent() && answer.get() instanceof ShimMessage.Dialed) {
                connection.cancelDeadline();
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
