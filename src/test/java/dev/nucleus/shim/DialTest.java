package dev.nucleus.shim;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.spec.Port;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DialTest {

    private static final byte[] DIALED_AND_A_GREETING = {0, 0, 0, 0, (byte) 0x8b, '2', '2', '0', '\n'};

    /** An SMTP or SSH server speaks first: its bytes may arrive together with the shim's answer. */
    @Test
    void anImmediateServerGreetingIsNotLost(@TempDir Path directory) throws IOException {
        Path socket = directory.resolve("shim.sock");
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(socket));
            Thread.ofVirtual().start(() -> answer(listener));

            try (SocketChannel channel = new Shim(socket).dial(new Port(25), Duration.ofSeconds(5))) {
                ByteBuffer greeting = ByteBuffer.allocate(16);
                while (channel.read(greeting) > 0) {
                    // Until the end of the stream.
                }
                assertThat(new String(greeting.array(), 0, greeting.position(), StandardCharsets.US_ASCII))
                        .isEqualTo("220\n");
            }
        }
    }

    private static void answer(ServerSocketChannel listener) {
        try (SocketChannel client = listener.accept()) {
            client.read(ByteBuffer.allocate(64));
            client.write(ByteBuffer.wrap(DIALED_AND_A_GREETING));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
