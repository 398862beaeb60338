package dev.nucleus.shim;

import dev.nucleus.failure.Deadline;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.PlanEncoder;
import dev.nucleus.plan.WireWriter;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A connection to the spawner or a shim: frames of u32 length, u8 type and payload. One thread reads; any may write.
 */
public final class ShimConnection implements AutoCloseable {

    private static final int HEADER = 5;
    private static final int MAX_ANSWER = 1 << 20;
    private static final int BUFFER = 32_768;

    private final SocketChannel channel;
    private final Duration patience;
    private final Optional<Deadline> deadline;
    private final ReentrantLock writing = new ReentrantLock();
    /** Why a request could not be written; an answer, if there is one, gives the actual reason. */
    private volatile @Nullable IOException sendFailure;

    /** If false, bytes that follow a message stay in the channel. */
    private boolean readsAhead = true;

    private ByteBuffer received =
            ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN).flip();

    private ShimConnection(SocketChannel channel, Duration patience, Optional<Deadline> deadline) {
        this.channel = channel;
        this.patience = patience;
        this.deadline = deadline;
    }

    /**
     * @throws IOException when nothing listens on the socket
     */
    public static ShimConnection connect(Path socket) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        return connect(socket, new ShimConnection(channel, Duration.ZERO, Optional.empty()));
    }

    /**
     * Connects with a deadline: the connection is closed after the patience, unless {@link #cancelDeadline()} was called.
     *
     * @throws ShimTimeoutException when the deadline passes while connecting; later, {@link #receive()} throws it
     */
    public static ShimConnection connect(Path socket, Duration patience) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        return connect(socket, new ShimConnection(channel, patience, Optional.of(new Deadline(patience, channel))));
    }

    private static ShimConnection connect(Path socket, ShimConnection connection) throws IOException {
        try {
            connection.channel.connect(UnixDomainSocketAddress.of(socket));
            return connection;
        } catch (IOException e) {
            connection.close();
            throw connection.explained(e);
        }
    }

    /**
     * Cancels the deadline, once the request is answered: the connection may now stay open for any time.
     *
     * @throws ShimTimeoutException when the deadline has just passed
     */
    public void cancelDeadline() throws ShimTimeoutException {
        deadline.ifPresent(Deadline::close);
        if (deadline.filter(Deadline::passed).isPresent()) {
            throw new ShimTimeoutException(patience, new ClosedChannelException());
        }
    }

    private IOException explained(IOException e) {
        return deadline.filter(Deadline::passed).isPresent() ? new ShimTimeoutException(patience, e) : e;
    }

    /** Sends one request. {@link #receive()} reports a failure to write it, unless the peer answers with the reason. */
    public void send(Request type, ByteBuffer payload) {
        send(type, payload, Optional.empty());
    }

    /** A peer that refuses a request answers and closes the connection, possibly before the request is written. */
    private void send(Request type, ByteBuffer payload, Optional<ByteBuffer> more) {
        try {
            write(type, payload, more);
        } catch (IOException e) {
            sendFailure = e;
        }
    }

    private void write(Request type, ByteBuffer payload, Optional<ByteBuffer> more) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(HEADER)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(payload.remaining())
                .put((byte) type.number())
                .flip();
        ByteBuffer[] parts = {header, payload, more.orElse(ByteBuffer.allocate(0))};
        writing.lock();
        try {
            while (parts[0].hasRemaining() || parts[1].hasRemaining() || parts[2].hasRemaining()) {
                channel.write(parts);
            }
        } finally {
            writing.unlock();
        }
    }

    /**
     * Sends a plan. The launch's messages arrive on this connection, and after them the container's.
     *
     * @param record stored beside the container's logs, as {@code state.json}, before anything of the container runs
     * @param follow whether to receive the container's output as well, from its first byte on
     */
    public void launch(LaunchPlan plan, byte[] record, boolean follow) {
        Optional<ByteBuffer> stream = Optional.empty();
        if (follow) {
            ByteBuffer request = streamRequest(0, 0, true);
            stream = Optional.of(ByteBuffer.allocate(HEADER + request.remaining())
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(request.remaining())
                    .put((byte) Request.STREAM.number())
                    .put(request)
                    .flip());
        }
        send(Request.PLAN, PlanEncoder.encode(plan, record), stream);
    }

    /** As above, with streams for the client that has the ticket, which connects to the shim itself. */
    public void launch(LaunchPlan plan, byte[] record, Ticket ticket) {
        send(Request.PLAN, PlanEncoder.encode(plan, record, ticket.bytes()), Optional.empty());
    }

    private static ByteBuffer streamRequest(int id, long offset, boolean follow) {
        return new WireWriter(16).u32(id).u64(offset).bool(follow).finish();
    }

    /** Requests a stream's bytes from an offset on. */
    public void stream(int id, long offset, boolean follow) {
        send(Request.STREAM, streamRequest(id, offset, follow));
    }

    /**
     * The next message; empty when the peer has closed the connection.
     *
     * @throws IOException when the connection was lost, or a request could not be sent
     */
    public Optional<ShimMessage> receive() throws IOException {
        try {
            Optional<ShimMessage> message = next();
            if (message.isPresent() || sendFailure == null) {
                return message;
            }
        } catch (IOException e) {
            if (sendFailure == null || deadline.filter(Deadline::passed).isPresent()) {
                throw explained(e);
            }
        }
        throw new IOException("the request could not be sent", sendFailure);
    }

    private Optional<ShimMessage> next() throws IOException {
        if (!fill(HEADER)) {
            return Optional.empty();
        }
        int length = received.getInt();
        int type = received.get() & 0xff;
        if (length < 0 || length > MAX_ANSWER) {
            throw new IOException("a shim announced an answer of " + length + " bytes");
        }
        if (!fill(length)) {
            return Optional.empty();
        }
        ByteBuffer payload = received.slice(received.position(), length).order(ByteOrder.LITTLE_ENDIAN);
        received.position(received.position() + length);
        return Optional.of(ShimMessage.decode(type, payload));
    }

    private boolean fill(int needed) throws IOException {
        while (received.remaining() < needed) {
            if (received.capacity() < needed) {
                received = ByteBuffer.allocate(needed)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put(received);
            } else {
                received.compact();
            }
            if (!readsAhead) {
                received.limit(needed);
            }
            int count = channel.read(received);
            received.flip();
            if (count < 0) {
                return false;
            }
        }
        return true;
    }

    /** Stops reading ahead: bytes that follow the next message come from the dialed server. */
    void readNoFurther() {
        readsAhead = false;
    }

    /** Closes the connection after that time, unless the deadline is closed before. */
    public Deadline limit(Duration patience) {
        return new Deadline(patience, channel);
    }

    /** The channel to the dialed server, once the shim has reported that it is connected. */
    SocketChannel channel() {
        return channel;
    }

    @Override
    public void close() {
        deadline.ifPresent(Deadline::close);
        try {
            channel.close();
        } catch (IOException e) {
            // A socket that can't be closed is gone already.
            return;
        }
    }
}
