package dev.nucleus.cli;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.spawner.Errno;
import dev.nucleus.spawner.Ticket;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.text.ArgumentText;
import dev.nucleus.text.VisibleText;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One command of a client, from its arguments to its exit code. Frames are u32 length, u8 type, payload
 * (native/client/manager_messages.h). Writing is guarded by a lock; one thread reads.
 */
final class Session implements Caller {

    private static final int HEADER = 5;
    /** Arguments of 6 MiB are the most that the kernel takes (execve(2)). */
    private static final int LONGEST = 8 << 20;

    private static final int CHUNK = 65_536;

    private final SocketChannel channel;
    private final ReentrantLock writing = new ReentrantLock();
    private Path workdir = Path.of("/");
    private boolean exited;

    Session(SocketChannel channel) {
        this.channel = channel;
    }

    /** The client's arguments; its working directory is known afterwards. */
    List<String> readCommand() throws IOException {
        Frame frame = readFrame();
        if (frame == null || !frame.is(ClientMessage.COMMAND)) {
            throw new IOException("expected a command");
        }
        var strings = new ArrayList<String>();
        int start = 0;
        for (int at = 0; at < frame.payload().length; at++) {
            if (frame.payload()[at] == 0) {
                strings.add(ArgumentText.decode(frame.payload(), start, at - start));
                start = at + 1;
            }
        }
        if (strings.isEmpty()) {
            throw new IOException("a command without a working directory");
        }
        workdir = Path.of(strings.removeFirst());
        return strings;
    }

    @Override
    public Path resolve(Path path) {
        return workdir.resolve(path).normalize();
    }

    private record Frame(int type, byte[] payload) {

        boolean is(ClientMessage message) {
            return type == message.number();
        }
    }

    private @Nullable Frame readFrame() throws IOException {
        ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
        if (!readFully(header)) {
            return null;
        }
        int length = header.flip().getInt();
        int type = header.get();
        if (length < 0 || length > LONGEST) {
            throw new IOException("a frame of " + length + " bytes");
        }
        ByteBuffer payload = ByteBuffer.allocate(length);
        return readFully(payload) ? new Frame(type, payload.array()) : null;
    }

    private boolean readFully(ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                return false;
            }
        }
        return true;
    }

    /** Whether the client has left already. Only before anything is requested of it: what it sends is read. */
    boolean hasLeft() throws IOException {
        channel.configureBlocking(false);
        try {
            return channel.read(ByteBuffer.allocate(1)) < 0;
        } finally {
            channel.configureBlocking(true);
        }
    }

    /** Returns when the client has left; it says nothing meanwhile. */
    void awaitLeft() {
        try {
            while (readFrame() != null) {
                // A terminal that changes its size before its process is there.
            }
        } catch (IOException e) {
            // A connection that is broken is one that is over.
            return;
        }
    }

    /** u16 rows, u16 columns, and the kind of the terminal (TERM); no rows: the client has none. */
    private static LaunchPlan.Terminal size(byte[] payload) {
        ByteBuffer buffer = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
        return payload.length < 4
                ? new LaunchPlan.Terminal(0, 0)
                : new LaunchPlan.Terminal(buffer.getShort() & 0xffff, buffer.getShort() & 0xffff);
    }

    /** @param kind as in TERM; empty: not known */
    record ClientTerminal(LaunchPlan.Terminal size, String kind) {}

    /**
     * From now on the client's terminal hands every key on, and tells its size when that changes.
     *
     * @throws InvalidSpecException when its standard input is no terminal
     */
    ClientTerminal wantTerminal() throws IOException {
        return offerTerminal()
                .orElseThrow(() -> new InvalidSpecException("-t needs a terminal as standard input, and it is none"));
    }

    /** As {@link #wantTerminal}; empty: its standard input is no terminal. */
    Optional<ClientTerminal> offerTerminal() throws IOException {
        send(ClientMessage.WANT_TERMINAL, new byte[0], 0, 0);
        Frame frame = readFrame();
        while (frame != null && !frame.is(ClientMessage.TERMINAL)) {
            frame = readFrame();
        }
        if (frame == null) {
            throw new IOException("the client left");
        }
        LaunchPlan.Terminal size = size(frame.payload());
        if (size.rows() == 0) {
            return Optional.empty();
        }
        return Optional.of(new ClientTerminal(
                size, new String(frame.payload(), 4, frame.payload().length - 4, StandardCharsets.UTF_8)));
    }

    /**
     * What the client can read from one of its descriptors, to its end; at most 8 MiB, more than execve(2) takes.
     *
     * @throws InvalidSpecException when it has no such descriptor, or there is more
     */
    byte[] readDescriptor(int number) throws IOException {
        byte[] wanted = ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(number)
                .array();
        send(ClientMessage.WANT_DESCRIPTOR, wanted, 0, wanted.length);
        Frame frame = readFrame();
        while (frame != null && !frame.is(ClientMessage.DESCRIPTOR)) {
            frame = readFrame();
        }
        if (frame == null || frame.payload().length < 4) {
            throw new IOException("the client left");
        }
        ByteBuffer payload = ByteBuffer.wrap(frame.payload()).order(ByteOrder.LITTLE_ENDIAN);
        int errno = payload.getInt();
        if (errno != 0) {
            throw new InvalidSpecException("descriptor " + number + " can't be read: " + Errno.describe(errno));
        }
        var bytes = new byte[payload.remaining()];
        payload.get(bytes);
        return bytes;
    }

    /** @throws ClientGoneException when the client has left */
    private void send(ClientMessage type, byte[] payload, int offset, int length) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(HEADER)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(length)
                .put((byte) type.number())
                .flip();
        ByteBuffer[] parts = {header, ByteBuffer.wrap(payload, offset, length)};
        writing.lock();
        try {
            while (parts[0].hasRemaining() || parts[1].hasRemaining()) {
                channel.write(parts);
            }
        } catch (IOException e) {
            throw new ClientGoneException(e);
        } finally {
            writing.unlock();
        }
    }

    /** Bytes for the client's standard output or error. */
    void output(boolean error, byte[] bytes, int offset, int length) throws IOException {
        for (int at = 0; at < length; at += CHUNK) {
            send(
                    error ? ClientMessage.ERROR_OUTPUT : ClientMessage.OUTPUT,
                    bytes,
                    offset + at,
                    Math.min(CHUNK, length - at));
        }
    }

    /**
     * The client connects to a shim and moves the streams of a process itself, from now on.
     */
    void attach(Path shim, Ticket ticket, Set<AttachOption> options) throws IOException {
        byte[] path = shim.toString().getBytes(StandardCharsets.UTF_8);
        byte[] key = ticket.bytes();
        byte[] payload = ByteBuffer.allocate(2 + key.length + path.length)
                .put((byte) options.stream().mapToInt(AttachOption::bit).sum())
                .put(key)
                .put(path)
                .put((byte) 0)
                .array();
        send(ClientMessage.STREAMS, payload, 0, payload.length);
    }

    /** Once: whatever a command does after it has told its exit code, its client does not wait for. */
    void exit(int code) throws IOException {
        if (exited) {
            return;
        }
        exited = true;
        byte[] payload = ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(code)
                .array();
        send(ClientMessage.EXIT, payload, 0, payload.length);
    }

    @Override
    public void print(String line) throws IOException {
        byte[] bytes = (VisibleText.lines(line) + "\n").getBytes(StandardCharsets.UTF_8);
        output(false, bytes, 0, bytes.length);
    }

    /**
     * A line about the command, for the client's standard error.
     *
     * @throws UncheckedIOException when the client has left
     */
    void note(String line) {
        byte[] bytes = ("nucleus: " + VisibleText.line(line) + "\n").getBytes(StandardCharsets.UTF_8);
        try {
            output(true, bytes, 0, bytes.length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * A writer on the client's standard output or error, for messages: what a terminal would obey is shown instead. A line is
     * sent whole, so lines of several writers don't mix.
     */
    @Override
    public PrintWriter writer(boolean error) {
        return new PrintWriter(
                new Writer() {
                    private final StringBuilder pending = new StringBuilder();

                    @Override
                    public void write(char[] text, int offset, int length) {
                        pending.append(text, offset, length);
                    }

                    @Override
                    public void flush() throws IOException {
                        byte[] bytes = VisibleText.lines(pending.toString()).getBytes(StandardCharsets.UTF_8);
                        pending.setLength(0);
                        output(error, bytes, 0, bytes.length);
                    }

                    @Override
                    public void close() throws IOException {
                        // The client's end is the session's to tell.
                        flush();
                    }
                },
                true);
    }
}
