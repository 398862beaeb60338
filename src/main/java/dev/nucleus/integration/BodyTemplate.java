package dev.nucleus.integration;

import java.time.Instant;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The JSON body of a webhook, with placeholders in its strings: <code>{"content": "{text}"}</code>. Each stands for a
 * field of the notification: kind, at, about, status, cause or text.
 */
final class BodyTemplate {

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{([a-z-]+)}");
    private static final Notification SAMPLE =
            new Notification(Notification.Kind.DOWN, Instant.EPOCH, "a", "b", "\"c\"", "\"d\"");

    private final String template;

    /** @throws IllegalArgumentException when the template is not JSON, or has an unknown placeholder */
    BodyTemplate(String template) {
        this.template = template;
        try {
            JSON.readTree(fill(SAMPLE));
        } catch (JacksonException e) {
            throw new IllegalArgumentException(
                    "the body of a webhook must be JSON, with placeholders within quotation marks, such as "
                            + "{\"content\": \"{text}\"}; can't parse " + template + ": " + e.getOriginalMessage(),
                    e);
        }
    }

    /** Every field of the notification, as JSON. */
    static String all(Notification notification) {
        return JSON.writeValueAsString(fields(notification));
    }

    String fill(Notification notification) {
        Map<String, String> fields = fields(notification);
        return PLACEHOLDER.matcher(template).replaceAll(match -> {
            String value = fields.get(match.group(1));
            if (value == null) {
                throw new IllegalArgumentException("the body of a webhook has the unknown placeholder " + match.group()
                        + "; known are {kind}, {at}, {about}, {status}, {cause} and {text}");
            }
            String quoted = JSON.writeValueAsString(value);
            return Matcher.quoteReplacement(quoted.substring(1, quoted.length() - 1));
        });
    }

    private static Map<String, String> fields(Notification notification) {
        return Map.of(
                "kind", notification.kind().word(),
                "at", notification.at().toString(),
                "about", notification.about(),
                "status", notification.status(),
                "cause", notification.cause(),
                "text", notification.text());
    }
}
