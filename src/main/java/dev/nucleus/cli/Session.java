package dev.nucleus.cli;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.spawner.Errno;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.text.VisibleText;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One command of a client, from its arguments to its exit code. Frames are u32 length, u8 type, payload
 * (native/client/nucleus.c). Writing is guarded by a lock; one thread reads.
 */
final class Session {

    /** What the client sends while a command runs. */
    sealed interface Incoming {
        record Input(byte[] bytes) implements Incoming {}

        record InputEnd() implements Incoming {}

        /** The client's terminal has another size. */
        record Resized(LaunchPlan.Terminal size) implements Incoming {}

        record SignalSent(int number) implements Incoming {}

        record Gone() implements Incoming {}
    }

    private static final int HEADER = 5;
    private static final int COMMAND = 1;
    private static final int INPUT = 2;
    private static final int INPUT_END = 3;
    private static final int SIGNAL = 4;
    private static final int TERMINAL = 5;
    private static final int DESCRIPTOR = 6;
    private static final int OUTPUT = 0x11;
    private static final int ERROR_OUTPUT = 0x12;
    private static final int EXIT = 0x13;
    private static final int WANT_INPUT = 0x14;
    private static final int WANT_TERMINAL = 0x15;
    private static final int WANT_DESCRIPTOR = 0x16;
    private static final int LONGEST = 1 << 20;
    private static final int CHUNK = 65_536;

    private final SocketChannel channel;
    private final ReentrantLock writing = new ReentrantLock();
    private Path workdir = Path.of("/");

    Session(SocketChannel channel) {
        this.channel = channel;
    }

    /** The client's arguments; its working directory is known afterwards. */
    List<String> readCommand() throws IOException {
        Frame frame = readFrame();
        if (frame == null || frame.type() != COMMAND) {
            throw new IOException("expected a command");
        }
        var strings = new ArrayList<String>();
        int start = 0;
        for (int at = 0; at < frame.payload().length; at++) {
            if (frame.payload()[at] == 0) {
                strings.add(new String(frame.payload(), start, at - start, StandardCharsets.UTF_8));
                start = at + 1;
            }
        }
        if (strings.isEmpty()) {
            throw new IOException("a command without a working directory");
        }
        workdir = Path.of(strings.removeFirst());
        return strings;
    }

    /** A path as the client means it. */
    Path resolve(Path path) {
        return workdir.resolve(path).normalize();
    }

    private record Frame(int type, byte[] payload) {}

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

    /** The next thing the client sends. */
    Incoming next() {
        try {
            Frame frame = readFrame();
            if (frame == null) {
                return new Incoming.Gone();
            }
            return switch (frame.type()) {
                case INPUT -> new Incoming.Input(frame.payload());
                case INPUT_END -> new Incoming.InputEnd();
                case SIGNAL ->
                    new Incoming.SignalSent(ByteBuffer.wrap(frame.payload())
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .getInt());
                case TERMINAL -> new Incoming.Resized(size(frame.payload()));
                default -> new Incoming.Gone();
            };
        } catch (IOException e) {
            return new Incoming.Gone();
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
        send(WANT_TERMINAL, new byte[0], 0, 0);
        Frame frame = readFrame();
        while (frame != null && frame.type() != TERMINAL) {
            frame = readFrame();
        }
        if (frame == null) {
            throw new IOException("the client left");
        }
        LaunchPlan.Terminal size = size(frame.payload());
        if (size.rows() == 0) {
            throw new InvalidSpecException("-t needs a terminal as standard input, and it is none");
        }
        return new ClientTerminal(
                size, new String(frame.payload(), 4, frame.payload().length - 4, StandardCharsets.UTF_8));
    }

    /**
     * What the client can read from one of its descriptors, to its end; at most 1 MiB.
     *
     * @throws InvalidSpecException when it has no such descriptor, or there is more
     */
    byte[] readDescriptor(int number) throws IOException {
        byte[] wanted = ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(number)
                .array();
        send(WANT_DESCRIPTOR, wanted, 0, wanted.length);
        Frame frame = readFrame();
        while (frame != null && frame.type() != DESCRIPTOR) {
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
    private void send(int type, byte[] payload, int offset, int length) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(HEADER)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(length)
                .put((byte) type)
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
            send(error ? ERROR_OUTPUT : OUTPUT, bytes, offset + at, Math.min(CHUNK, length - at));
        }
    }

    /** From now on the client's standard input is read and sent. */
    void wantInput() throws IOException {
        send(WANT_INPUT, new byte[0], 0, 0);
    }

    void exit(int code) throws IOException {
        byte[] payload = ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(code)
                .array();
        send(EXIT, payload, 0, payload.length);
    }

    /** A line for the client's standard output. */
    void print(String line) throws IOException {
        byte[] bytes = (VisibleText.lines(line) + "\n").getBytes(StandardCharsets.UTF_8);
        output(false, bytes, 0, bytes.length);
    }

    /** A writer on the client's standard output or error, for messages: what a terminal would obey is shown instead. */
    PrintWriter writer(boolean error) {
        return new PrintWriter(
                new Writer() {
                    @Override
                    public void write(char[] text, int offset, int length) throws IOException {
                        byte[] bytes = VisibleText.lines(new String(text, offset, length))
                                .getBytes(StandardCharsets.UTF_8);
                        output(error, bytes, 0, bytes.length);
                    }

                    @Override
                    public void flush() {
                        // Everything is sent when it is written.
                    }

                    @Override
                    public void close() {
                        // The client's end is the session's to tell.
                    }
                },
                true);
    }
}
