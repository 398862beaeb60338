package dev.nucleus.cli;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.shim.Errno;
import dev.nucleus.shim.Ticket;
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
    /** The kernel accepts at most 6 MiB of arguments (execve(2)). */
    private static final int MAX_REQUEST = 8 << 20;

    private static final int CHUNK = 65_536;

    private final SocketChannel channel;
    private final ReentrantLock writing = new ReentrantLock();
    private Path workdir = Path.of("/");
    private boolean exited;

    Session(SocketChannel channel) {
        this.channel = channel;
    }

    /** Reads the client's arguments, and its working directory for {@link #resolve}. */
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
        if (length < 0 || length > MAX_REQUEST) {
            throw new IOException("invalid frame of " + length + " bytes");
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

    /**
     * Whether the client has disconnected. Consumes a byte if the client has sent one, so call it only before anything
     * is requested of the client.
     */
    boolean hasDisconnected() throws IOException {
        channel.configureBlocking(false);
        try {
            return channel.read(ByteBuffer.allocate(1)) < 0;
        } finally {
            channel.configureBlocking(true);
        }
    }

    /** Returns when the client has disconnected. Discards what the client sends until then. */
    void awaitDisconnect() {
        try {
            while (readFrame() != null) {
                // The terminal was resized before its process existed.
            }
        } catch (IOException e) {
            // A broken connection counts as a disconnect.
            return;
        }
    }

    /**
     * Parses the size: u16 rows, u16 columns; the terminal type (TERM) follows. No rows: the client has no terminal.
     */
    private static LaunchPlan.Terminal size(byte[] payload) {
        ByteBuffer buffer = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
        return payload.length < 4
                ? new LaunchPlan.Terminal(0, 0)
                : new LaunchPlan.Terminal(buffer.getShort() & 0xffff, buffer.getShort() & 0xffff);
    }

    /** @param kind terminal type, as in TERM; empty: unknown */
    record ClientTerminal(LaunchPlan.Terminal size, String kind) {}

    /**
     * Puts the client's terminal into raw mode and requests its size; from now on the client also reports changes of
     * the size.
     *
     * @throws InvalidSpecException when the client's standard input is not a terminal
     */
    ClientTerminal wantTerminal() throws IOException {
        return offerTerminal()
                .orElseThrow(() -> new InvalidSpecException("-t needs a terminal as standard input, which is not one"));
    }

    /** Like {@link #wantTerminal}, but returns empty when the client's standard input is not a terminal. */
    Optional<ClientTerminal> offerTerminal() throws IOException {
        send(ClientMessage.WANT_TERMINAL, new byte[0], 0, 0);
        Frame frame = readFrame();
        while (frame != null && !frame.is(ClientMessage.TERMINAL)) {
            frame = readFrame();
        }
        if (frame == null) {
            throw new IOException("the client disconnected");
        }
        LaunchPlan.Terminal size = size(frame.payload());
        if (size.rows() == 0) {
            return Optional.empty();
        }
        return Optional.of(new ClientTerminal(
                size, new String(frame.payload(), 4, frame.payload().length - 4, StandardCharsets.UTF_8)));
    }

    /**
     * Reads one of the client's descriptors to its end: at most 8 MiB, more than execve(2) accepts.
     *
     * @throws InvalidSpecException when the client has no such descriptor, or it yields more
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
            throw new IOException("the client disconnected");
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

    /** @throws ClientDisconnectedException when the client has disconnected */
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
            throw new ClientDisconnectedException(e);
        } finally {
            writing.unlock();
        }
    }

    /** Sends bytes to the client's standard output or standard error. */
    void output(boolean error, byte[] bytes, int offset, int length) throws IOException {
        for (int at = 0; at < length; at += CHUNK) {
            send(
                    error ? ClientMessage.ERROR_OUTPUT : ClientMessage.OUTPUT,
                    bytes,
                    offset + at,
                    Math.min(CHUNK, length - at));
        }
    }

    /** Makes the client connect to a shim and relay the streams of a process itself from now on. */
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

    /** Sends the exit code, once. The client does not wait for anything that the command does afterwards. */
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
     * Prints a line about the command to the client's standard error.
     *
     * @throws UncheckedIOException when the client has disconnected
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
     * Returns a writer of messages to the client's standard output or standard error. It escapes what would control a
     * terminal. A line is sent whole, so lines of several writers don't mix.
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
                        // Closing the writer does not end the session.
                        flush();
                    }
                },
                true);
    }
}
