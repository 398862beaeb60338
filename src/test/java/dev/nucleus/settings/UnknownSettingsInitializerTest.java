package dev.nucleus.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;

class UnknownSettingsInitializerTest {

    private static void start(String source, Map<String, Object> settings) {
        var environment = new StandardEnvironment();
        environment.getPropertySources().addFirst(new MapPropertySource(source, settings));
        try (var context = new GenericApplicationContext()) {
            context.setEnvironment(environment);
            new UnknownSettingsInitializer().initialize(context);
        }
    }

    @Test
    void aMisspeltSettingPreventsTheStart() {
        assertThatThrownBy(() -> start("arguments", Map.of("nucleus.run", "/r", "nucleus.fleet", "f.yaml")))
                .hasMessage("unknown setting: nucleus.fleet (did you mean nucleus.fleets?), nucleus.run")
                .satisfies(e -> assertThat(((UnknownSettingException) e).known())
                        .contains("nucleus.run-dir", "nucleus.fleets")
                        // A former name is accepted, but not suggested.
                        .doesNotContain("nucleus.history.most-size"));
    }

    @Test
    void everySpellingAndElementOfASettingIsAccepted() {
        assertThatCode(() -> start(
                        "arguments",
                        Map.of(
                                "nucleus.runDir",
                                "/r",
                                "nucleus.state-dir",
                                "/s",
                                "nucleus.notify.webhooks[0].url",
                                "http://127.0.0.1",
                                "server.port",
                                "8080")))
                .doesNotThrowAnyException();
    }

    @Test
    void unknownNamesInTheEnvironmentAreIgnored() {
        assertThatCode(() -> start(
                        StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
                        Map.of("nucleus.socket", "/run/nucleus/nucleus.sock")))
                .doesNotThrowAnyException();
    }
}
