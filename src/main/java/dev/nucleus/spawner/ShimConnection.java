package dev.nucleus.spawner;

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

/** A connection to the spawner or a shim: frames of u32 length, u8 type and payload. One thread reads; any may write. */
public final class ShimConnection implements AutoCloseable {

    private static final int HEADER = 5;
    private static final int LONGEST_ANSWER = 1 << 20;
    private static final int BUFFER = 32_768;

    private final SocketChannel channel;
    private final Duration patience;
    private final Optional<Deadline> deadline;
    private final ReentrantLock writing = new ReentrantLock();
    /** What became of a request that could not be written: its answer, if there is one, tells why. */
    private volatile @Nullable IOException unsent;

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
     * @throws IOException when nobody listens there
     */
    public static ShimConnection connect(Path socket) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        return connect(socket, new ShimConnection(channel, Duration.ZERO, Optional.empty()));
    }

    /**
     * One that lasts no longer than the patience, unless {@link #stay()} says otherwise.
     *
     * @throws ShimTimeoutException when it took that long to connect; later {@link #receive()} throws it
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
     * What was asked is answered: the conversation may take as long as it likes.
     *
     * @throws ShimTimeoutException when the deadline has just passed
     */
    public void stay() throws ShimTimeoutException {
        deadline.ifPresent(Deadline::close);
        if (deadline.filter(Deadline::passed).isPresent()) {
            throw new ShimTimeoutException(patience, new ClosedChannelException());
        }
    }

    private IOException explained(IOException e) {
        return deadline.filter(Deadline::passed).isPresent() ? new ShimTimeoutException(patience, e) : e;
    }

    /** Sends one request. That it could not be written is told by {@link #receive()}, unless the other side says why. */
    public void send(Request type, ByteBuffer payload) {
        send(type, payload, Optional.empty());
    }

    /** Whoever refuses a request says so and leaves, before the request is written perhaps. */
    private void send(Request type, ByteBuffer payload, Optional<ByteBuffer> more) {
        try {
            write(type, payload, more);
        } catch (IOException e) {
            unsent = e;
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
     * Sends a plan. The launch's messages come back on this connection; then it stays the container's.
     *
     * @param record kept beside the container's logs, as {@code state.json}, before anything of it runs
     * @param follow whether the container's output is wanted as well, from its first byte on
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

    /** The same with streams that are for the client with a ticket, which connects to the shim itself. */
    public void launch(LaunchPlan plan, byte[] record, Ticket ticket) {
        send(Request.PLAN, PlanEncoder.encode(plan, record, ticket.bytes()), Optional.empty());
    }

    private static ByteBuffer streamRequest(int id, long offset, boolean follow) {
        return new WireWriter(16).u32(id).u64(offset).bool(follow).finish();
    }

    /** Asks for a stream's bytes from an offset on. */
    public void stream(int id, long offset, boolean follow) {
        send(Request.STREAM, streamRequest(id, offset, follow));
    }

    /**
     * The next message; empty when the other side has closed.
     *
     * @throws IOException when the other side was lost, or a request could not be sent
     */
    public Optional<ShimMessage> receive() throws IOException {
        try {
            Optional<ShimMessage> message = next();
            if (message.isPresent() || unsent == null) {
                return message;
            }
        } catch (IOException e) {
            if (unsent == null || deadline.filter(Deadline::passed).isPresent()) {
                throw explained(e);
            }
        }
        throw new IOException("the request could not be sent", unsent);
    }

    private Optional<ShimMessage> next() throws IOException {
        if (!fill(HEADER)) {
            return Optional.empty();
        }
        int length = received.getInt();
        int type = received.get() & 0xff;
        if (length < 0 || length > LONGEST_ANSWER) {
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

    /** From now on reads messages only: what follows the next one is the bytes of a server, which may speak first. */
    void readNoFurther() {
        readsAhead = false;
    }

    /** The bytes behind a dial, once the shim has said that it is connected. */
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
