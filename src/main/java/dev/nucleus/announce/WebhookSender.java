package dev.nucleus.announce;

import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.Map;
import org.springframework.http.MediaType;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.web.client.RestClient;

/** Posts JSON; its {@code text} is what chat servers show of a webhook. */
final class WebhookSender implements NotificationSender {

    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final NotificationProperties.Webhook webhook;
    private final RestClient client;

    WebhookSender(NotificationProperties.Webhook webhook) {
        this.webhook = webhook;
        var requests = new JdkClientHttpRequestFactory(HttpClient.newBuilder()
                .connectTimeout(TIMEOUT)
                .followRedirects(HttpClient.Redirect.NEVER)
                .build());
        requests.setReadTimeout(TIMEOUT);
        this.client = RestClient.builder().requestFactory(requests).build();
    }

    @Override
    public boolean wants(Notification notification) {
        return NotificationProperties.wants(webhook.on(), notification);
    }

    @Override
    public void send(Notification notification) {
        client.post()
                .uri(URI.create(webhook.url()))
                .contentType(MediaType.APPLICATION_JSON)
                .body(Map.of(
                        "kind", notification.kind().word(),
                        "at", notification.at().toString(),
                        "about", notification.about(),
                        "status", notification.status(),
                        "cause", notification.cause(),
                        "text", notification.text()))
                .retrieve()
                .toBodilessEntity();
    }

    /** Without what may be a secret: its path. */
    @Override
    public String toString() {
        return "the webhook at " + URI.create(webhook.url()).getHost();
    }
}
