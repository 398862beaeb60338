package dev.nucleus.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.spec.Port;
import dev.nucleus.spec.Probe;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpExchangeTest {

    private record Exchanged(HttpExchange.Answer answer, String request) {}

    /** Sends a request to a server that gives this response to any request. */
    private static Exchanged exchange(Map<String, String> headers, Optional<String> body, String response)
            throws IOException {
        var request = new CompletableFuture<String>();
        try (ServerSocketChannel server =
                ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            Thread.ofVirtual().start(() -> serve(server, response, request));
            try (SocketChannel client = SocketChannel.open(server.getLocalAddress())) {
                var probe = new Probe.Http(new Port(8080), "/health", Probe.Http.Statuses.DEFAULT, headers, body);
                return new Exchanged(HttpExchange.get(client, probe), request.join());
            }
        }
    }

    private static void serve(ServerSocketChannel server, String response, CompletableFuture<String> request) {
        try (SocketChannel peer = server.accept()) {
            ByteBuffer asked = ByteBuffer.allocate(4_096);
            while (!new String(asked.array(), 0, asked.position(), StandardCharsets.US_ASCII).endsWith("\r\n\r\n")) {
                peer.read(asked);
            }
            request.complete(new String(asked.array(), 0, asked.position(), StandardCharsets.US_ASCII));
            peer.write(ByteBuffer.wrap(response.getBytes(StandardCharsets.US_ASCII)));
        } catch (IOException e) {
            request.completeExceptionally(e);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 100 Continue\r\n\r\n",
                "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n",
                "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
            })
    void interimResponsesAreSkipped(String interim) throws IOException {
        String response = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 7\r\n\r\nnot yet";

        assertThat(exchange(Map.of(), Optional.of("yet"), interim + response).answer())
                .isEqualTo(new HttpExchange.Answer(503, "not yet"));
    }

    @Test
    void endlessInterimResponsesAreAnError() {
        assertThatThrownBy(() -> exchange(Map.of(), Optional.empty(), "HTTP/1.1 100 Continue\r\n\r\n".repeat(20)))
                .hasMessage("more than 10 interim responses, and no other");
    }

    @Test
    void headersAreSentAsWrittenAndReplaceTheProbesOwn() throws IOException {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("x-api-KEY", "a");
        headers.put("user-agent", "mine");
        headers.put("HOST", "shop.example");
        headers.put("connection", "keep-alive");

        String request = exchange(headers, Optional.empty(), "HTTP/1.1 204 No Content\r\n\r\n")
                .request();

        assertThat(request.lines())
                .containsExactly(
                        "GET /health HTTP/1.1",
                        "Accept: */*",
                        "x-api-KEY: a",
                        "user-agent: mine",
                        "HOST: shop.example",
                        "connection: keep-alive",
                        "");
    }
}
