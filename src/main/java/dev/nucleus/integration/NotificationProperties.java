package dev.nucleus.integration;

import dev.nucleus.spec.Durations;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Recipients of notifications.
 *
 * @param webhooks receivers of a POST with JSON, each with {@code url}, {@code on} and {@code body}
 * @param mail recipients of mail; needs spring.mail.host as well
 * @param journal whether systemd's journal gets a structured entry
 * @param lasting how long a replica waits, or is not ready, before a notification is sent
 */
@ConfigurationProperties("nucleus.notify")
record NotificationProperties(
        @DefaultValue List<Webhook> webhooks,
        @Nullable Mail mail,
        @DefaultValue("false") boolean journal,
        @DefaultValue("5m") Duration lasting) {

    NotificationProperties {
        Durations.requireCountable("nucleus.notify.lasting", lasting);
    }

    /**
     * @param on kinds of notifications to send; empty: all
     * @param body a template, see {@link BodyTemplate}; null: every field
     */
    record Webhook(
            String url,
            @DefaultValue Set<Notification.Kind> on,
            @Nullable String body) {

        Webhook {
            if (body != null) {
                // Checks the template at startup rather than with the first notification.
                new BodyTemplate(body);
            }
        }
    }

    /**
     * @param from address of the sender; mail needs spring.mail.host as well
     * @param to addresses of the recipients
     * @param on kinds of notifications to send; empty: all
     */
    record Mail(String from, List<String> to, @DefaultValue Set<Notification.Kind> on) {}

    static boolean accepts(Set<Notification.Kind> on, Notification notification) {
        return on.isEmpty() || on.contains(notification.kind());
    }
}
