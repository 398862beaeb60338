package dev.nucleus.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/** Forwarding to resolvers that are dead, slow or lying (RFC 5452). */
class UpstreamResolverTest {

    private static byte[] query(String name) {
        try {
            return Message.newQuery(Record.newRecord(Name.fromString(name), Type.A, DClass.IN))
                    .toWire();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Its replies to a query, in order. */
    private interface Resolver {
        List<byte[]> replies(byte[] query);
    }

    private static DatagramSocket resolver(Resolver resolver) throws IOException {
        var socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            try {
                while (true) {
                    var packet = new DatagramPacket(new byte[512], 512);
                    socket.receive(packet);
                    for (byte[] reply : resolver.replies(Arrays.copyOf(packet.getData(), packet.getLength()))) {
                        socket.send(new DatagramPacket(reply, reply.length, packet.getSocketAddress()));
                    }
                }
            } catch (SocketException e) {
                // The test has closed it.
                return;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        return socket;
    }

    private static byte[] answer(byte[] query, int last) {
        byte[] answer = Arrays.copyOf(query, query.length + 1);
        answer[2] |= (byte) 0x80;
        answer[query.length] = (byte) last;
        return answer;
    }

    private static byte[] withOtherId(byte[] message) {
        byte[] other = message.clone();
        other[1] ^= 1;
        return other;
    }

    private static String address(DatagramSocket socket) {
        return "127.0.0.1:" + socket.getLocalPort();
    }

    @Test
    void onlyAnAnswerToThisQueryIsAccepted() throws IOException {
        byte[] query = query("example.com.");
        try (DatagramSocket lying = resolver(got -> {
            byte[] question = query("elsewhere.com.");
            question[0] = got[0];
            question[1] = got[1];
            return List.of(withOtherId(answer(got, 1)), answer(question, 2), new byte[] {1}, answer(got, 3));
        })) {
            Optional<byte[]> got = new UpstreamResolver(List.of(address(lying))).ask(query, false);

            assertThat(got).hasValueSatisfying(bytes -> {
                assertThat(bytes[bytes.length - 1]).isEqualTo((byte) 3);
                assertThat(Arrays.copyOf(bytes, 2)).as("the client's own ID").isEqualTo(Arrays.copyOf(query, 2));
            });
        }
    }

    @Test
    void theNextResolverIsAskedIfOneIsDeadOrSlow() throws IOException {
        var asked = new AtomicInteger();
        String dead;
        try (DatagramSocket closed = resolver(_ -> List.of())) {
            dead = address(closed);
        }
        try (DatagramSocket slow = resolver(_ -> {
                    asked.incrementAndGet();
                    return List.of();
                });
                DatagramSocket good = resolver(got -> List.of(answer(got, 7)))) {
            Optional<byte[]> got =
                    new UpstreamResolver(List.of(dead, address(slow), address(good))).ask(query("example.com."), false);

            assertThat(got)
                    .hasValueSatisfying(
                            bytes -> assertThat(bytes[bytes.length - 1]).isEqualTo((byte) 7));
            assertThat(asked).hasValue(1);
            assertThat(new UpstreamResolver(List.of(dead)).ask(query("example.com."), false))
                    .as("none answers")
                    .isEmpty();
        }
    }

    @Test
    void aQueryOverTcpIsForwardedOverTcp() throws IOException {
        try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> {
                try (var client = server.accept()) {
                    var in = new DataInputStream(client.getInputStream());
                    byte[] query = new byte[in.readUnsignedShort()];
                    in.readFully(query);
                    byte[] answer = answer(query, 9);
                    var out = new DataOutputStream(client.getOutputStream());
                    out.writeShort(answer.length);
                    out.write(answer);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });

            Optional<byte[]> got = new UpstreamResolver(List.of("127.0.0.1:" + server.getLocalPort()))
                    .ask(query("example.com."), true);

            assertThat(got)
                    .hasValueSatisfying(
                            bytes -> assertThat(bytes[bytes.length - 1]).isEqualTo((byte) 9));
        }
    }
}
