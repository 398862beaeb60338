package dev.nucleus.integration;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;

/**
 * Sends JSON by POST in a form that every server accepts: HTTP/1.1 with a content length, neither chunked nor with an
 * upgrade to HTTP/2. Redirects are not followed: most clients would turn the POST into a GET, and the body is meant
 * only for the configured server.
 */
final class JsonPost {

    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final int SUCCESS = 200;
    private static final int REDIRECTION = 300;
    private static final int CLIENT_ERROR = 400;

    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(TIMEOUT)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();

    /**
     * @param headers in addition to the content type
     * @throws IOException when the response is not a success, or does not arrive in time
     */
    void send(URI target, Map<String, String> headers, byte[] json) throws IOException {
        var request = HttpRequest.newBuilder(target)
                .timeout(TIMEOUT)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(json));
        headers.forEach(request::header);
        try {
            HttpResponse<InputStream> response =
                    client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
            // The body is not read: it may have no end.
            response.body().close();
            check(response);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted before the answer", e);
        }
    }

    private static void check(HttpResponse<?> response) throws IOException {
        int status = response.statusCode();
        if (status >= REDIRECTION && status < CLIENT_ERROR) {
            String place = response.headers().firstValue("Location").orElse("an unknown location");
            throw new IOException(
                    "status " + status + ", a redirection to " + place + ", which is not followed; set the final URL");
        }
        if (status < SUCCESS || status >= REDIRECTION) {
            throw new IOException("status " + status);
        }
    }
}
