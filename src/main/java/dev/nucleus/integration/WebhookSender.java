package dev.nucleus.integration;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/** Posts JSON: the configured body or, by default, every field, of which some chat servers show {@code text}. */
final class WebhookSender implements NotificationSender {

    private final NotificationProperties.Webhook webhook;
    private final Optional<BodyTemplate> template;
    private final JsonPost post = new JsonPost();

    WebhookSender(NotificationProperties.Webhook webhook) {
        this.webhook = webhook;
        this.template = Optional.ofNullable(webhook.body()).map(BodyTemplate::new);
    }

    @Override
    public boolean accepts(Notification notification) {
        return NotificationProperties.accepts(webhook.on(), notification);
    }

    @Override
    public void send(Notification notification) {
        String body = template.map(each -> each.fill(notification)).orElseGet(() -> BodyTemplate.all(notification));
        try {
            post.send(URI.create(webhook.url()), Map.of(), body.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
        }
    }

    /** Names the host only: the path may be a secret. */
    @Override
    public String toString() {
        return "the webhook at " + URI.create(webhook.url()).getHost();
    }
}
