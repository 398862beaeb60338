package dev.nucleus.support;

import dev.nucleus.shim.Shim;
import dev.nucleus.shim.Ticket;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The command-line client, attached to the streams of a ticket; the test acts as its manager. */
public final class StreamClient implements AutoCloseable {

    private static final int STREAMS = 0x17;
    private static final int EXIT = 0x13;
    private static final int WITH_INPUT = 1;

    private final Process process;
    private final SocketChannel channel;
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();
    private final Thread reader;

    private StreamClient(Process process, SocketChannel channel) {
        this.process = process;
        this.channel = channel;
        this.reader = Thread.ofVirtual().start(this::read);
    }

    public static StreamClient attach(Shim shim, Ticket ticket) throws IOException {
        Path directory = Files.createTempDirectory("nucleus-client-");
        Path socket = directory.resolve("s");
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(socket));
            Process process = new ProcessBuilder(
                            List.of(ManagerProcess.CLIENT.toString(), "--socket", socket.toString(), "attach"))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            SocketChannel channel = listener.accept();
            byte[] key = ticket.bytes();
            byte[] path = shim.socket().toString().getBytes(StandardCharsets.UTF_8);
            send(
                    channel,
                    STREAMS,
                    ByteBuffer.allocate(2 + key.length + path.length)
                            .put((byte) WITH_INPUT)
                            .put(key)
                            .put(path)
                            .put((byte) 0)
                            .flip());
            return new StreamClient(process, channel);
        } finally {
            Files.deleteIfExists(socket);
            Files.delete(directory);
        }
    }

    private static void send(SocketChannel channel, int type, ByteBuffer payload) throws IOException {
        ByteBuffer frame = ByteBuffer.allocate(5 + payload.remaining())
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(payload.remaining())
                .put((byte) type)
                .put(payload)
                .flip();
        while (frame.hasRemaining()) {
            channel.write(frame);
        }
    }

    private void read() {
        var buffer = new byte[8_192];
        try (var in = process.getInputStream()) {
            for (int got = in.read(buffer); got >= 0; got = in.read(buffer)) {
                synchronized (output) {
                    output.write(buffer, 0, got);
                }
            }
        } catch (IOException e) {
            // A client that was killed has no more output.
            return;
        }
    }

    public void type(String text) throws IOException {
        OutputStream in = process.getOutputStream();
        in.write(text.getBytes(StandardCharsets.UTF_8));
        in.flush();
    }

    /** Output up to now. */
    public String output() {
        synchronized (output) {
            return output.toString(StandardCharsets.UTF_8);
        }
    }

    /** All output, once the process in the container has ended and the client has written everything. */
    public String awaitOutput() throws IOException {
        send(
                channel,
                EXIT,
                ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(0).flip());
        try {
            process.waitFor();
            reader.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        return output();
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        channel.close();
    }
}
