package dev.nucleus.settings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.GeneratedDocument;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The document of the settings, generated from their configuration metadata. */
class SettingsDocumentTest {

    private static final String METADATA = "META-INF/spring-configuration-metadata.json";

    /** Every setting of Nucleus by its name, without former names. */
    private static Map<String, JsonNode> settings() throws IOException {
        var settings = new TreeMap<String, JsonNode>();
        ClassLoader loader = SettingsDocumentTest.class.getClassLoader();
        for (URL file : Collections.list(loader.getResources(METADATA))) {
            for (JsonNode property :
                    JsonMapper.shared().readTree(file.openStream()).path("properties")) {
                String name = property.path("name").asString();
                if (name.startsWith("nucleus.") && !property.has("deprecation")) {
                    settings.put(name, property);
                }
            }
        }
        return settings;
    }

    private static String type(JsonNode property) {
        return property.path("type")
                .asString()
                .replaceAll("[\\w.]+[.$](\\w+)", "$1")
                .replace("Path", "path")
                .replace("String", "text")
                .replace("Boolean", "true or false")
                .replace("Long", "number")
                .replace("DataSize", "size, such as 64MB")
                .replace("Duration", "duration, such as 90d")
                .replaceAll("(?:List|Set)<\\w+>", "list");
    }

    @Test
    void theDocumentContainsEachSetting() throws IOException {
        var document = new StringBuilder("""
                # Settings

                Settings are set as in any Spring Boot application: `--nucleus.fleets=…` on the command line, `NUCLEUS_FLEETS` in the
                environment, or `application.yaml` in the manager's working directory. The manager refuses to start with an unknown `nucleus.*`
                name on the command line or in a file; names in the environment are not checked. Examples: [install](install.md).

                | setting | meaning | type | default |
                |---|---|---|---|
                """);
        Map<String, JsonNode> settings = settings();
        assertThat(settings).hasSizeGreaterThan(20);
        settings.forEach((name, property) -> {
            assertThat(property.path("description").asString("")).as(name).isNotBlank();
            document.append("| `%s` | %s | %s | %s |\n"
                    .formatted(
                            name,
                            property.path("description").asString().replaceAll("\\{@code ([^}]*)}", "`$1`"),
                            type(property),
                            property.path("defaultValue").asString("–")));
        });

        GeneratedDocument.check(Path.of("docs/settings.md"), document.toString());
    }
}
