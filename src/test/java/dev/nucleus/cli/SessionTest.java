package dev.nucleus.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class SessionTest {

    /** {@code stop a b c} prints from a thread for each: two of their lines were once sent as one. */
    @Test
    @Timeout(10)
    void aPrintedLineIsSentInOneFrame(@TempDir Path directory) throws IOException {
        var address = UnixDomainSocketAddress.of(directory.resolve("s"));
        try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(address);
                var client = SocketChannel.open(address);
                var accepted = server.accept()) {
            var session = new Session(accepted);

            session.writer(true).println("one");
            session.writer(true).println("two\nthree");

            var frames = new DataInputStream(Channels.newInputStream(client));
            assertThat(List.of(payload(frames), payload(frames))).containsExactly("one\n", "two\nthree\n");
        }
    }

    private static String payload(DataInputStream frames) throws IOException {
        int length = Integer.reverseBytes(frames.readInt());
        frames.readByte();
        return new String(frames.readNBytes(length), StandardCharsets.UTF_8);
    }
}
