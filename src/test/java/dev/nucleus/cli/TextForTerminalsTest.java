package dev.nucleus.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Untrusted text in the output of commands can't control a terminal; the streams of a workload pass unchanged. */
class TextForTerminalsTest {

    @TempDir
    private Path directory;

    private interface Command {
        void run(Session session) throws IOException;
    }

    private String printed(Command command) throws IOException {
        var address = UnixDomainSocketAddress.of(directory.resolve("socket"));
        try (ServerSocketChannel server =
                ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(address)) {
            try (SocketChannel manager = SocketChannel.open(address);
                    SocketChannel client = server.accept()) {
                command.run(new Session(manager));
                manager.shutdownOutput();
                InputStream in = Channels.newInputStream(client);
                // Each frame has a header of five bytes.
                return new String(in.readAllBytes(), StandardCharsets.UTF_8).substring(5);
            }
        }
    }

    @Test
    void controlCharactersOfAPrintedLineAreEscaped() throws IOException {
        assertThat(printed(session -> session.print("one\n\ttwo \u001b[2J\u202e")))
                .isEqualTo("one\n\ttwo \\x1b[2J\\u202e\n");
    }

    @Test
    void controlCharactersOfAMessageAreEscaped() throws IOException {
        assertThat(printed(session -> session.writer(true).println("nucleus: '\u001b]0;x\u0007' \u65e5 \ud83d\ude00")))
                .isEqualTo("nucleus: '\\x1b]0;x\\x07' \u65e5 \ud83d\ude00\n");
    }

    @Test
    void aStreamPassesUnchanged() throws IOException {
        byte[] bytes = "\u001b[31mred\r\n".getBytes(StandardCharsets.UTF_8);

        assertThat(printed(session -> session.output(false, bytes, 0, bytes.length)))
                .isEqualTo("\u001b[31mred\r\n");
    }

    @Test
    void aTableCellIsOneLineOfVisibleText() {
        assertThat(Table.format(List.of(
                        List.of("PROGRAM", "COMMAND"), List.of("a\nforged row", "sh -c \u001b[8mhidden\u2066"))))
                .containsExactly("PROGRAM       COMMAND", "a forged row  sh -c \\x1b[8mhidden\\u2066");
    }
}
