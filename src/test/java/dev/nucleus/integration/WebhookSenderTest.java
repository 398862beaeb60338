package dev.nucleus.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

class WebhookSenderTest {

    private static final Notification NOTIFICATION = new Notification(
            Notification.Kind.DOWN,
            Instant.EPOCH,
            "shop/web-1",
            "crashed",
            "exit code 1",
            "shop/web-1 is \"crashed\": caf\u00e9 \\ exit code 1");

    /** Sends the notification to a server that gives this answer. @return the request that the server received */
    private static String post(@Nullable String body, String answer) throws IOException {
        var request = new CompletableFuture<String>();
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> serve(server, answer, request));
            var sender = new WebhookSender(new NotificationProperties.Webhook(
                    "http://127.0.0.1:" + server.getLocalPort() + "/hook", Set.of(), body));
            sender.send(NOTIFICATION);
            return request.join();
        }
    }

    private static void serve(ServerSocket server, String answer, CompletableFuture<String> request) {
        try (Socket peer = server.accept()) {
            var got = new StringBuilder();
            byte[] buffer = new byte[8_192];
            while (!isWhole(got)) {
                got.append(new String(buffer, 0, peer.getInputStream().read(buffer), StandardCharsets.ISO_8859_1));
            }
            request.complete(got.toString());
            peer.getOutputStream().write((answer + "\r\n").getBytes(StandardCharsets.US_ASCII));
            peer.getOutputStream().flush();
        } catch (IOException | RuntimeException e) {
            request.completeExceptionally(e);
        }
    }

    /** Goes by Content-Length alone, as a simple server does. */
    private static boolean isWhole(StringBuilder request) {
        int head = request.indexOf("\r\n\r\n");
        var length = Pattern.compile("(?i)content-length: (\\d+)").matcher(request);
        return head >= 0 && length.find() && request.length() >= head + 4 + Integer.parseInt(length.group(1));
    }

    private static String bodyOf(String request) {
        return new String(
                request.substring(request.indexOf("\r\n\r\n") + 4).getBytes(StandardCharsets.ISO_8859_1),
                StandardCharsets.UTF_8);
    }

    @Test
    void aWebhookSendsPlainHttpWithAContentLength() throws IOException {
        String request = post(null, "HTTP/1.1 204 No Content\r\n");

        assertThat(request).startsWith("POST /hook HTTP/1.1\r\n");
        assertThat(request.toLowerCase(Locale.ROOT))
                .contains("content-type: application/json")
                .doesNotContain("transfer-encoding", "upgrade", "http2-settings");
    }

    @Test
    void aTemplateYieldsTheFieldsThatAChatSystemExpects() throws IOException {
        String request = post(
                "{\"content\": \"{text}\", \"embeds\": [{\"title\": \"{kind} {about}\"}], \"n\": {}}",
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");

        var body = JsonMapper.shared().readTree(bodyOf(request));
        assertThat(body.path("content").asString()).isEqualTo(NOTIFICATION.text());
        assertThat(body.path("embeds").path(0).path("title").asString()).isEqualTo("down shop/web-1");
        assertThat(body.has("text")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 301 Moved Permanently\r\nLocation: https://chat.example/hook\r\nContent-Length: 0\r\n",
                "HTTP/1.1 303 See Other\r\nLocation: https://chat.example/hook\r\nContent-Length: 0\r\n",
                "HTTP/1.1 308 Permanent Redirect\r\nLocation: https://chat.example/hook\r\nContent-Length: 0\r\n"
            })
    void aRedirectionIsAFailureThatNamesItsTarget(String answer) {
        assertThatThrownBy(() -> post(null, answer))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageMatching(
                        "status 30[138], a redirection to https://chat.example/hook, which is not followed; set the final URL");
    }

    @Test
    void aRefusalIsAFailure() {
        assertThatThrownBy(() -> post(null, "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n"))
                .hasMessage("status 429");
    }

    @Test
    void aTemplateThatCannotYieldJsonIsRefused() {
        assertThatThrownBy(() -> new NotificationProperties.Webhook("http://h/", Set.of(), "{\"content\": {text}}"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("placeholders within quotation marks");
        assertThatThrownBy(() -> new NotificationProperties.Webhook("http://h/", Set.of(), "{\"content\": \"{txt}\"}"))
                .hasMessageContaining("the unknown placeholder {txt}; known are {kind}, {at}");
    }

    @Test
    void workloadTextIsEscapedToOneLine() {
        assertThat(new Notification(
                                Notification.Kind.DOWN, Instant.EPOCH, "a", "b", "no\nforged \u001b[2J", "text\u202e")
                        .cause())
                .isEqualTo("no forged \\x1b[2J");
    }
}
