package dev.nucleus.settings;

import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/**
 * Accepts settings by their former names for one version, with a warning. The new name takes precedence. Each former
 * name is listed in {@code additional-spring-configuration-metadata.json} as deprecated, so that it is known.
 */
final class RenamedSettingsInitializer implements ApplicationContextInitializer<ConfigurableApplicationContext> {

    private static final Logger log = LoggerFactory.getLogger(RenamedSettingsInitializer.class);

    private static final Map<String, String> RENAMED = Map.of("nucleus.history.most-size", "nucleus.history.max-size");

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        ConfigurableEnvironment environment = context.getEnvironment();
        Binder binder = Binder.get(environment);
        var values = new LinkedHashMap<String, Object>();
        RENAMED.forEach((former, name) -> binder.bind(former, String.class).ifBound(value -> {
            boolean both = binder.bind(name, String.class).isBound();
            log.warn(
                    "setting {} was renamed to {}; the former name will be removed in the next version{}",
                    former,
                    name,
                    both ? ", and is ignored here, because both are set" : "");
            values.put(name, value);
        }));
        if (!values.isEmpty()) {
            environment.getPropertySources().addLast(new MapPropertySource("former names of settings", values));
        }
    }
}
