package dev.nucleus.integration;

import java.time.Instant;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The JSON of a webhook, with placeholders in its texts: <code>{"content": "{text}"}</code>. Each stands for a text of the
 * notification: kind, at, about, status, cause or text.
 */
final class BodyTemplate {

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{([a-z-]+)}");
    private static final Notification SAMPLE =
            new Notification(Notification.Kind.DOWN, Instant.EPOCH, "a", "b", "\"c\"", "\"d\"");

    private final String template;

    /** @throws IllegalArgumentException when it is no JSON, or has a placeholder that stands for nothing */
    BodyTemplate(String template) {
        this.template = template;
        try {
            JSON.readTree(fill(SAMPLE));
        } catch (JacksonException e) {
            throw new IllegalArgumentException(
                    "the body of a webhook is JSON, with placeholders within quotation marks, such as "
                            + "{\"content\": \"{text}\"}, and this is not: " + template + ": " + e.getOriginalMessage(),
                    e);
        }
    }

    /** All that there is to say, in fields of these names. */
    static String all(Notification notification) {
        return JSON.writeValueAsString(fields(notification));
    }

    String fill(Notification notification) {
        Map<String, String> fields = fields(notification);
        return PLACEHOLDER.matcher(template).replaceAll(match -> {
            String value = fields.get(match.group(1));
            if (value == null) {
                throw new IllegalArgumentException("the body of a webhook has the placeholder " + match.group()
                        + "; there are {kind}, {at}, {about}, {status}, {cause} and {text}");
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
