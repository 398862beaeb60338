package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.nucleus.plan.WireWriter;
import dev.nucleus.shim.ShimConnection;
import dev.nucleus.shim.ShimMessage;
import dev.nucleus.shim.Ticket;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Requests allowed on the connection of an attached client, encoded as in native/src/base/shim_messages.h. */
@Tag("isolation")
class TicketTest {

    private static final int SESSIONS = 64;
    private static final int SIGNAL = 0x03;
    private static final int STOP = 0x04;
    private static final int STREAM = 0x05;
    private static final int EXEC = 0x08;
    private static final int ANNOUNCE = 0x0f;
    private static final int ATTACH = 0x10;
    private static final int OK = 0x89;
    private static final int ERROR = 0x8a;
    private static final int ATTACHED = 0x91;

    @SharedManager
    private static TestManager manager;

    private Container container;

    @BeforeEach
    void launch() {
        container = manager.launch("/bin/sleep", "1000");
    }

    @AfterEach
    void end() {
        manager.containers().stop(container, new StopSpec(Signal.KILL, Duration.ZERO));
        manager.containers().remove(container);
    }

    private SocketChannel connect() throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(container.shim().socket()));
    }

    private record Answer(int type, String text) {}

    private static Answer ask(SocketChannel channel, int type, ByteBuffer payload) throws IOException {
        ByteBuffer frame = ByteBuffer.allocate(5 + payload.remaining())
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(payload.remaining())
                .put((byte) type)
                .put(payload)
                .flip();
        channel.write(frame);
        ByteBuffer header = read(channel, 5);
        int length = header.getInt();
        int answered = header.get() & 0xff;
        return new Answer(
                answered, StandardCharsets.UTF_8.decode(read(channel, length)).toString());
    }

    private static ByteBuffer read(SocketChannel channel, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            assertThat(channel.read(buffer)).as("the supervisor answers").isPositive();
        }
        return buffer.flip();
    }

    private SocketChannel attached() throws IOException {
        var ticket = new Ticket();
        container.shim().announce(ticket);
        SocketChannel channel = connect();
        assertThat(ask(channel, ATTACH, ByteBuffer.wrap(ticket.bytes())).type()).isEqualTo(ATTACHED);
        return channel;
    }

    @Test
    void aTicketIsValidOnlyOnce() throws IOException {
        var ticket = new Ticket();
        container.shim().announce(ticket);
        try (SocketChannel first = connect();
                SocketChannel second = connect()) {
            assertThat(ask(first, ATTACH, ByteBuffer.wrap(ticket.bytes())).type())
                    .isEqualTo(ATTACHED);
            assertThat(ask(second, ATTACH, ByteBuffer.wrap(ticket.bytes())))
                    .satisfies(answer -> assertThat(answer.type()).isEqualTo(ERROR))
                    .satisfies(answer -> assertThat(answer.text()).contains("ticket"));
        }
    }

    @Test
    void anExecIsKilledIfItsClientDisconnectsWhileAttaching() throws IOException {
        var ticket = new Ticket();
        try (ShimConnection connection =
                container.shim().exec(List.of("/bin/sleep", "1000"), false, Optional.empty(), "", List.of(), ticket)) {
            assertThat(connection.receive().orElseThrow()).isInstanceOf(ShimMessage.ExecStarted.class);
            try (SocketChannel channel = connect()) {
                channel.write(ByteBuffer.allocate(21)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(16)
                        .put((byte) ATTACH)
                        .put(ticket.bytes())
                        .flip());
            }

            assertThat(connection.receive().orElseThrow())
                    .isInstanceOfSatisfying(
                            ShimMessage.ExecExited.class,
                            exited -> assertThat(exited.status().signal()).contains(Signal.KILL));
        }
    }

    /** A session and its attached client count only once. */
    @Test
    void everySessionCanHaveAClient() throws IOException {
        var open = new ArrayList<AutoCloseable>();
        try {
            for (int i = 0; i < SESSIONS; i++) {
                var ticket = new Ticket();
                ShimConnection connection = container
                        .shim()
                        .exec(List.of("/bin/sleep", "1000"), false, Optional.empty(), "", List.of(), ticket);
                open.add(connection);
                assertThat(connection.receive().orElseThrow()).isInstanceOf(ShimMessage.ExecStarted.class);
                SocketChannel channel = connect();
                open.add(channel);
                assertThat(ask(channel, ATTACH, ByteBuffer.wrap(ticket.bytes())).type())
                        .isEqualTo(ATTACHED);
            }
        } finally {
            for (AutoCloseable each : open) {
                assertThatCode(each::close).doesNotThrowAnyException();
            }
        }
    }

    @Test
    void attachingWithoutATicketIsRefused() throws IOException {
        try (SocketChannel channel = connect()) {
            assertThat(ask(channel, ATTACH, ByteBuffer.wrap(new Ticket().bytes()))
                            .type())
                    .isEqualTo(ERROR);
        }
        try (SocketChannel channel = connect()) {
            assertThat(ask(channel, ATTACH, ByteBuffer.allocate(0)).type()).isEqualTo(ERROR);
        }
    }

    @Test
    void anAttachedClientMaySignalItsProcess() throws IOException {
        try (SocketChannel channel = attached()) {
            assertThat(ask(channel, SIGNAL, new WireWriter(8).u32(18).u32(0).finish())
                            .type())
                    .isEqualTo(OK);
        }
        assertThat(container.isRunning())
                .as("it keeps running without a client that only attached")
                .isTrue();
    }

    @Test
    void anAttachedClientMayDoNothingElse() throws IOException {
        ByteBuffer[] refused = {
            new WireWriter(8).u32(9).u32(4711).finish(),
            new WireWriter(8).u32(15).u32(0).finish(),
            new WireWriter(16).u32(0).u64(0).bool(false).finish(),
            ByteBuffer.allocate(64),
            new WireWriter(21).u32(0).bool(true).raw(new byte[16], 0, 16).finish(),
            ByteBuffer.wrap(new Ticket().bytes())
        };
        int[] types = {SIGNAL, STOP, STREAM, EXEC, ANNOUNCE, ATTACH};
        for (int i = 0; i < types.length; i++) {
            try (SocketChannel channel = attached()) {
                Answer answer = ask(channel, types[i], refused[i]);
                assertThat(answer.type()).as("request %s", types[i]).isEqualTo(ERROR);
                assertThat(answer.text()).contains("an attached client");
            }
        }
        assertThat(container.isRunning()).isTrue();
    }
}
