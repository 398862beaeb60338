package dev.nucleus.probe;

import dev.nucleus.spec.Probe;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.message.BasicHeader;
import org.apache.hc.core5.http2.frame.DefaultFrameFactory;
import org.apache.hc.core5.http2.frame.FrameFactory;
import org.apache.hc.core5.http2.frame.FrameFlag;
import org.apache.hc.core5.http2.frame.FrameType;
import org.apache.hc.core5.http2.frame.RawFrame;
import org.apache.hc.core5.http2.hpack.HPackDecoder;
import org.apache.hc.core5.http2.hpack.HPackEncoder;
import org.apache.hc.core5.http2.hpack.HPackException;
import org.apache.hc.core5.http2.impl.io.FrameInputBuffer;
import org.apache.hc.core5.http2.impl.io.FrameOutputBuffer;
import org.apache.hc.core5.util.ByteArrayBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One call of gRPC's standard health service on a connection that was opened for it: HTTP/2 with prior knowledge, one
 * stream. The response is untrusted: every part is bounded.
 *
 * @see <a href="https://github.com/grpc/grpc/blob/master/doc/health-checking.md">GRPC Health Checking Protocol</a>
 * @see <a href="https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md">gRPC over HTTP/2</a>
 */
final class GrpcExchange {

    /** HTTP/2's default for the maximum frame size. */
    private static final int FRAME = 16_384;

    /** HTTP/2's default for the size of the header compression table. */
    private static final int TABLE = 4_096;

    private static final int FRAMES = 100;
    private static final int MESSAGE = 1_024;
    private static final int STREAM = 1;
    private static final int PREFIX = 5;
    private static final int PRIORITY_BYTES = 5;
    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final FrameFactory FRAME_FACTORY = DefaultFrameFactory.INSTANCE;

    private final OutputStream out;
    private final InputStream in;
    private final FrameOutputBuffer writer = new FrameOutputBuffer(FRAME);
    private final FrameInputBuffer reader = new FrameInputBuffer(FRAME);
    private final HPackDecoder decoder = new HPackDecoder(TABLE, StandardCharsets.US_ASCII);
    private final ByteArrayOutputStream block = new ByteArrayOutputStream();
    private final ByteArrayOutputStream message = new ByteArrayOutputStream();
    private Optional<String> status = Optional.empty();
    private Optional<String> statusMessage = Optional.empty();

    private GrpcExchange(SocketChannel channel) {
        this.out = Channels.newOutputStream(channel);
        this.in = Channels.newInputStream(channel);
        decoder.setMaxListSize(FRAME);
    }

    /** The status of a service, in the order of the protocol's numbers. */
    enum Serving {
        UNKNOWN,
        SERVING,
        NOT_SERVING,
        SERVICE_UNKNOWN
    }

    /**
     * @throws IOException if there is no response, it is not gRPC, or the call failed
     */
    static Serving check(SocketChannel channel, Probe.Grpc probe) throws IOException {
        var exchange = new GrpcExchange(channel);
        exchange.sendRequest(probe);
        exchange.awaitEnd();
        return exchange.answer();
    }

    private void sendRequest(Probe.Grpc probe) throws IOException {
        out.write(PREFACE);
        writer.write(FRAME_FACTORY.createSettings(), out);
        var headers = new ByteArrayBuffer(256);
        new HPackEncoder(TABLE, StandardCharsets.US_ASCII)
                .encodeHeaders(
                        headers,
                        List.of(
                                header(":method", "POST"),
                                header(":scheme", "http"),
                                header(":path", "/grpc.health.v1.Health/Check"),
                                header(":authority", "localhost"),
                                header("te", "trailers"),
                                header("content-type", "application/grpc"),
                                header("user-agent", "nucleus-probe")),
                        false);
        writer.write(
                FRAME_FACTORY.createHeaders(STREAM, ByteBuffer.wrap(headers.array(), 0, headers.length()), true, false),
                out);
        writer.write(FRAME_FACTORY.createData(STREAM, request(probe.service()), true), out);
        out.flush();
    }

    private static Header header(String name, String value) {
        return new BasicHeader(name, value);
    }

    /** HealthCheckRequest, whose only field is the service's name; omitted if that is empty. */
    private static ByteBuffer request(String service) {
        byte[] name = service.getBytes(StandardCharsets.UTF_8);
        int length = name.length == 0 ? 0 : 2 + name.length;
        ByteBuffer bytes = ByteBuffer.allocate(PREFIX + length).put((byte) 0).putInt(length);
        if (name.length > 0) {
            bytes.put((byte) 0x0a).put((byte) name.length).put(name);
        }
        return bytes.flip();
    }

    private void awaitEnd() throws IOException {
        for (int i = 0; i < FRAMES; i++) {
            RawFrame frame = reader.read(in);
            if (frame == null) {
                throw new IOException("the connection was closed without an answer");
            }
            if (take(frame)) {
                return;
            }
        }
        throw new IOException("no answer within " + FRAMES + " frames");
    }

    /** @return whether the stream has ended */
    private boolean take(RawFrame frame) throws IOException {
        FrameType type = FrameType.valueOf(frame.getType());
        boolean ours = frame.getStreamId() == STREAM;
        if (type == null) {
            return false;
        }
        return switch (type) {
            case SETTINGS -> {
                if (!frame.isFlagSet(FrameFlag.ACK)) {
                    writer.write(FRAME_FACTORY.createSettingsAck(), out);
                    out.flush();
                }
                yield false;
            }
            case PING -> {
                if (!frame.isFlagSet(FrameFlag.ACK)) {
                    writer.write(FRAME_FACTORY.createPingAck(frame.getPayload()), out);
                    out.flush();
                }
                yield false;
            }
            case DATA -> {
                append(message, frame.getPayloadContent(), MESSAGE);
                yield ours && frame.isFlagSet(FrameFlag.END_STREAM);
            }
            case HEADERS, CONTINUATION -> {
                headers(frame, type);
                yield ours && type == FrameType.HEADERS && frame.isFlagSet(FrameFlag.END_STREAM);
            }
            case RST_STREAM -> throw new IOException("the call was refused");
            case GOAWAY -> throw new IOException("the server is going away");
            default -> false;
        };
    }

    private void headers(RawFrame frame, FrameType type) throws IOException {
        ByteBuffer payload = frame.getPayloadContent();
        if (type == FrameType.HEADERS && payload != null && frame.isFlagSet(FrameFlag.PRIORITY)) {
            payload.position(payload.position() + PRIORITY_BYTES);
        }
        append(block, payload, FRAME);
        if (!frame.isFlagSet(FrameFlag.END_HEADERS)) {
            return;
        }
        try {
            for (Header header : decoder.decodeHeaders(ByteBuffer.wrap(block.toByteArray()))) {
                switch (header.getName()) {
                    case "grpc-status" -> status = Optional.of(header.getValue());
                    case "grpc-message" -> statusMessage = Optional.of(header.getValue());
                    case ":status" -> {
                        if (!header.getValue().equals("200")) {
                            throw new IOException("not a gRPC answer: status " + header.getValue());
                        }
                    }
                    default -> {
                        // Not needed.
                    }
                }
            }
        } catch (HPackException e) {
            throw new IOException("not an HTTP/2 answer: " + e.getMessage(), e);
        }
        block.reset();
    }

    private static void append(ByteArrayOutputStream to, @Nullable ByteBuffer bytes, int most) throws IOException {
        if (bytes == null) {
            return;
        }
        if (to.size() + bytes.remaining() > most) {
            throw new IOException("an answer of more than " + most + " bytes");
        }
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        to.write(copy);
    }

    private Serving answer() throws IOException {
        if (status.isPresent() && !status.get().equals("0")) {
            throw new IOException(
                    switch (status.get()) {
                        case "5" -> "the server knows no such service";
                        case "12" -> "the server does not offer grpc.health.v1.Health";
                        default ->
                            "gRPC status " + status.get()
                                    + statusMessage.map(text -> ": " + text).orElse("");
                    });
        }
        byte[] bytes = message.toByteArray();
        // HealthCheckResponse, whose only field is the status; omitted if that is 0.
        int value = bytes.length >= PREFIX + 2 && bytes[PREFIX] == 0x08 ? bytes[PREFIX + 1] : 0;
        return value < 0 || value >= Serving.values().length ? Serving.UNKNOWN : Serving.values()[value];
    }
}
