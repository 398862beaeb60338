package dev.nucleus.container;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.log.LogStream;
import dev.nucleus.shim.Shim;
import dev.nucleus.shim.ShimMessage;
import java.io.ByteArrayOutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContainerConnectionTest {

    private static final int STARTED = 0x82;
    private static final int EXITED = 0x84;
    private static final int DATA = 0x85;
    private static final int END = 0x86;

    private static void send(SocketChannel channel, int type, ByteBuffer payload) throws Exception {
        ByteBuffer header = ByteBuffer.allocate(5)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(payload.remaining())
                .put((byte) type)
                .flip();
        channel.write(new ByteBuffer[] {header, payload});
    }

    private static ByteBuffer payload(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The runtime reports the start of a sandbox; by then its command may have written output, or exited. */
    @Test
    void outputThatArrivesBeforeTheStartIsNotLost(@TempDir Path directory) throws Exception {
        Path socket = directory.resolve("shim");
        byte[] record = "2026-11-28T21:00:00.000000000Z stdout F here\n".getBytes(UTF_8);
        var container = new Container(
                new ContainerRecord("id", "name", Instant.EPOCH, null, true),
                () -> new Container.Description(List.of(), List.of(), false),
                directory,
                new Shim(socket));
        var out = new ByteArrayOutputStream();
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            try (var connection =
                            new ContainerConnection(container, container.shim().subscribe(), _ -> {});
                    SocketChannel shim = server.accept()) {
                send(
                        shim,
                        DATA,
                        payload(8 + record.length).putLong(0).put(record).flip());
                send(shim, END, payload(0));
                send(shim, STARTED, payload(20).putInt(42).putLong(7).putLong(0).flip());
                send(shim, EXITED, payload(12).putInt(3 << 8).putLong(0).flip());

                assertThat(connection.awaitStart().pid()).isEqualTo(42);
                var output = new LogStream(
                        container.log(), (_, bytes, offset, length) -> out.write(bytes, offset, length), 0);
                assertThat(connection.follow(output))
                        .map(ShimMessage.Exited::status)
                        .hasValueSatisfying(status -> assertThat(status.code()).isEqualTo(3));
            }
        }
        assertThat(out.toString(UTF_8)).isEqualTo("here\n");
    }
}
