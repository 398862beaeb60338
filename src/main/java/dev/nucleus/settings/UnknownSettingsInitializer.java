package dev.nucleus.settings;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.Ordered;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Refuses unknown settings below {@code nucleus} before anything is started: a manager that ignored a misspelt
 * {@code --nucleus.state-dir} would use the default directory. Environment variables and system properties are not
 * checked: both have names that begin with nucleus and are no settings. The known settings come from the metadata that
 * Spring Boot's annotation processor generates.
 */
final class UnknownSettingsInitializer
        implements ApplicationContextInitializer<ConfigurableApplicationContext>, Ordered {

    private static final String METADATA = "/META-INF/spring-configuration-metadata.json";
    private static final ConfigurationPropertyName ROOT = ConfigurationPropertyName.of("nucleus");
    private static final Set<String> SHARED_SOURCES = Set.of(
            StandardEnvironment.SYSTEM_PROPERTIES_PROPERTY_SOURCE_NAME,
            StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME);

    @Override
    public int getOrder() {
        return HIGHEST_PRECEDENCE;
    }

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        List<ConfigurationPropertyName> known = known(_ -> true);
        var unknown = new TreeSet<String>();
        context.getEnvironment().getPropertySources().stream()
                .filter(source -> !SHARED_SOURCES.contains(source.getName()))
                .flatMap(UnknownSettingsInitializer::names)
                .filter(name -> isUnknown(ConfigurationPropertyName.adapt(name, '.'), known))
                .forEach(unknown::add);
        if (!unknown.isEmpty()) {
            throw new UnknownSettingException(
                    unknown,
                    known(metadata -> !isDeprecated(metadata)).stream()
                            .map(Object::toString)
                            .toList());
        }
    }

    private static Stream<String> names(PropertySource<?> source) {
        return source instanceof EnumerablePropertySource<?> enumerable
                ? Stream.of(enumerable.getPropertyNames())
                : Stream.empty();
    }

    private static boolean isUnknown(ConfigurationPropertyName name, List<ConfigurationPropertyName> known) {
        return ROOT.isAncestorOf(name)
                && known.stream().noneMatch(setting -> setting.equals(name) || setting.isAncestorOf(name));
    }

    private static boolean isDeprecated(JsonNode property) {
        return property.path("deprecated").asBoolean(false)
                || property.path("deprecation").isObject();
    }

    private static List<ConfigurationPropertyName> known(Predicate<JsonNode> listed) {
        try (InputStream in = UnknownSettingsInitializer.class.getResourceAsStream(METADATA)) {
            return Optional.ofNullable(in).map(JsonMapper.shared()::readTree).stream()
                    .flatMap(metadata -> metadata.path("properties").valueStream())
                    .filter(listed)
                    .map((JsonNode property) ->
                            ConfigurationPropertyName.of(property.path("name").asString()))
                    .filter(ROOT::isAncestorOf)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
