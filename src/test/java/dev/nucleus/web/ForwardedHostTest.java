package dev.nucleus.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A foreign page can't impersonate this host with proxy headers, whatever platform Spring detects. */
@Tag("isolation")
class ForwardedHostTest {

    private static final List<String> FORWARDED = List.of(
            "X-Forwarded-Host: localhost",
            "Forwarded: host=localhost;proto=http;for=127.0.0.1",
            "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: 80\r\nX-Forwarded-Host: 127.0.0.1",
            "X-Original-Host: localhost");

    private static String status(TestManager manager, String headers) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", manager.port())) {
            socket.getOutputStream()
                    .write(("GET / HTTP/1.1\r\n" + headers + "\r\nConnection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8).substring(9, 12);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"kubernetes", "none"})
    void theHostHeaderDecidesOnEveryCloudPlatform(String cloud) throws IOException {
        try (TestManager manager = TestManager.startWith(List.of("--spring.main.cloud-platform=" + cloud))) {
            for (String forwarded : FORWARDED) {
                assertThat(status(manager, "Host: evil.example\r\n" + forwarded))
                        .as(forwarded)
                        .isEqualTo("421");
                assertThat(status(manager, "Host: localhost\r\n" + forwarded.replace("localhost", "evil.example")))
                        .as("ignored, not trusted: %s", forwarded)
                        .isEqualTo("200");
            }
            assertThat(status(manager, "Host: [::1]:8080")).isEqualTo("200");
            assertThat(status(manager, "Host: localhost\r\nHost: evil.example")).isEqualTo("400");
            for (String host :
                    List.of("localhost.evil.example", "localhost:80.evil.example", "", "localhost@evil.example")) {
                assertThat(status(manager, "Host: " + host)).as(host).isIn("400", "421");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--server.forward-headers-strategy=framework",
                "--server.forward-headers-strategy=native",
                "--server.tomcat.remoteip.protocol-header=X-Forwarded-Proto",
                "--server.tomcat.remoteip.remote-ip-header=X-Forwarded-For"
            })
    void noSettingMakesTheManagerTrustAProxy(String setting) {
        assertThatThrownBy(() -> TestManager.startWith(List.of(setting)).close())
                .rootCause()
                .hasMessageContaining("is not supported")
                .hasMessageContaining(setting.contains("remoteip") ? "remoteip" : "forward-headers-strategy");
    }
}
