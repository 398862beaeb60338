package dev.nucleus.startup;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.AutoConfigurationImportFilter;
import org.springframework.boot.autoconfigure.AutoConfigurationMetadata;
import org.springframework.context.EnvironmentAware;
import org.springframework.core.env.Environment;

/**
 * Skips auto-configurations that few operators need: those of Spring Boot's gRPC server and of tracing are not even
 * read unless a setting enables them.
 */
final class OptionalAutoConfigurations implements AutoConfigurationImportFilter, EnvironmentAware {

    private static final String COLLECTOR = "management.opentelemetry.tracing.export.otlp.endpoint";
    /** Packages of auto-configurations, and the setting that each of them requires. */
    private static final Map<String, String> REQUIRED_SETTING = Map.of(
            "org.springframework.boot.grpc.", "spring.grpc.server.enabled",
            "org.springframework.boot.opentelemetry.", COLLECTOR,
            "org.springframework.boot.micrometer.tracing.", COLLECTOR);

    private @Nullable Environment environment;

    @Override
    public void setEnvironment(Environment environment) {
        this.environment = environment;
    }

    @Override
    public boolean[] match(@Nullable String[] classes, AutoConfigurationMetadata metadata) {
        var matches = new boolean[classes.length];
        for (int i = 0; i < classes.length; i++) {
            matches[i] = classes[i] == null || asked(classes[i]);
        }
        return matches;
    }

    private boolean asked(String type) {
        return REQUIRED_SETTING.entrySet().stream()
                .filter(entry -> type.startsWith(entry.getKey()))
                .allMatch(entry -> set(entry.getValue()));
    }

    private boolean set(String property) {
        String value = environment == null ? null : environment.getProperty(property);
        return value != null && !value.isBlank() && !value.equalsIgnoreCase("false");
    }
}
