package dev.nucleus.fleet;

import dev.nucleus.settings.NucleusProperties;
import java.util.Map;
import java.util.Set;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * Reads the configured fleet files before any bean is created: if they have errors, nothing is started. Boot 4.1 would
 * also lose the exit code if a bean failed.
 */
final class FleetFilesInitializer implements ApplicationContextInitializer<ConfigurableApplicationContext> {

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        Binder binder = Binder.get(context.getEnvironment());
        NucleusProperties properties = binder.bindOrCreate("nucleus", NucleusProperties.class);
        context.getBeanFactory()
                .registerSingleton("declaredFleets", DeclaredFleets.of(properties, healthGroups(binder)));
    }

    private static Set<String> healthGroups(Binder binder) {
        return binder.bind("management.endpoint.health.group", Bindable.mapOf(String.class, Object.class))
                .map(Map::keySet)
                .orElse(Set.of());
    }
}
