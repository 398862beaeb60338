package dev.nucleus.startup;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.AutoConfigurationImportFilter;
import org.springframework.boot.autoconfigure.AutoConfigurationMetadata;
import org.springframework.context.EnvironmentAware;
import org.springframework.core.env.Environment;

/**
 * Keeps what few operators ask for out of everybody's start: Boot's configuration of a gRPC server and of tracing is not
 * even read unless a setting asks for it.
 */
final class OptionalAutoConfigurations implements AutoConfigurationImportFilter, EnvironmentAware {

    private static final String COLLECTOR = "management.opentelemetry.tracing.export.otlp.endpoint";
    /** Package, and the setting without which nothing in it is of use. */
    private static final Map<String, String> ASKED_BY = Map.of(
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
        return ASKED_BY.entrySet().stream()
                .filter(entry -> type.startsWith(entry.getKey()))
                .allMatch(entry -> set(entry.getValue()));
    }

    private boolean set(String property) {
        String value = environment == null ? null : environment.getProperty(property);
        return value != null && !value.isBlank() && !value.equalsIgnoreCase("false");
    }
}
