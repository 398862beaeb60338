package dev.nucleus.settings;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;

@ExtendWith(OutputCaptureExtension.class)
class RenamedSettingsInitializerTest {

    private static ConfigurableEnvironment start(Map<String, Object> settings) {
        var environment = new StandardEnvironment();
        environment.getPropertySources().addFirst(new MapPropertySource("arguments", settings));
        try (var context = new GenericApplicationContext()) {
            context.setEnvironment(environment);
            new UnknownSettingsInitializer().initialize(context);
            new RenamedSettingsInitializer().initialize(context);
        }
        return environment;
    }

    @Test
    void aFormerNameIsAcceptedInEverySpellingWithAWarning(CapturedOutput output) {
        assertThat(start(Map.of("nucleus.history.most-size", "1MB")).getProperty("nucleus.history.max-size"))
                .isEqualTo("1MB");
        assertThat(start(Map.of("nucleus.history.mostSize", "2MB")).getProperty("nucleus.history.max-size"))
                .isEqualTo("2MB");
        assertThat(output).contains("setting nucleus.history.most-size was renamed to nucleus.history.max-size");
    }

    @Test
    void theNewNameTakesPrecedence(CapturedOutput output) {
        assertThat(start(Map.of("nucleus.history.most-size", "1MB", "nucleus.history.max-size", "2MB"))
                        .getProperty("nucleus.history.max-size"))
                .isEqualTo("2MB");
        assertThat(output).contains("is ignored here, because both are set");
    }

    @Test
    void anUnsetSettingCausesNoWarning(CapturedOutput output) {
        assertThat(start(Map.of()).containsProperty("nucleus.history.max-size")).isFalse();
        assertThat(output).doesNotContain("was renamed");
    }
}
