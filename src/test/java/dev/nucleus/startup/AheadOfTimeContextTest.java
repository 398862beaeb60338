package dev.nucleus.startup;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

class AheadOfTimeContextTest {

    private static StandardEnvironment environment(PropertySource<?> source) {
        var environment = new StandardEnvironment();
        environment.getPropertySources().remove(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME);
        environment.getPropertySources().addFirst(source);
        return environment;
    }

    private static boolean changed(String name) {
        return AheadOfTimeContext.changed(environment(new MapPropertySource("file", Map.of(name, "x"))))
                .isPresent();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "spring.mail.host",
                "management.endpoints.web.exposure.include",
                "management.endpoint.health.group.mine.include",
                "server.ssl.bundle",
                "spring.profiles.active",
                "nucleus.boot-admin.url"
            })
    void aSettingThatAConditionMayReadIsAChange(String name) {
        assertThat(changed(name)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "server.port",
                "server.address",
                "spring.config.additional-location",
                "nucleus.fleets",
                "logging.level.root",
                "java.version"
            })
    void aSettingThatNoConditionReadsIsNoChange(String name) {
        assertThat(changed(name)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"SPRING_MAIL_HOST", "MANAGEMENT_SERVER_PORT", "NUCLEUS_BOOTADMIN_URL"})
    void environmentVariablesAreMatchedInTheirOwnSpelling(String name) {
        var source = new SystemEnvironmentPropertySource("systemEnvironment", Map.of(name, "x"));

        assertThat(AheadOfTimeContext.changed(environment(source))).contains(name);
    }

    @Test
    void aSettingKnownToTheBuildIsNoChange() {
        var source = new MapPropertySource(
                "Config resource 'class path resource [application.yaml]' via location 'optional:classpath:/'",
                Map.of("spring.grpc.server.enabled", false));

        assertThat(AheadOfTimeContext.changed(environment(source))).isEmpty();
    }

    @Test
    void aSourceThatCannotBeEnumeratedIsAChange() {
        var source = new PropertySource<>("vault", new Object()) {
            @Override
            public Object getProperty(String name) {
                return "x";
            }
        };

        assertThat(AheadOfTimeContext.changed(environment(source))).isPresent();
    }
}
