package dev.nucleus.startup;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.commons.logging.Log;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.logging.DeferredLogFactory;
import org.springframework.core.Ordered;
import org.springframework.core.SpringProperties;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.util.ClassUtils;

/**
 * Starts with the application context that the build worked out, which spares a third of the start: no class is looked at for
 * what it contributes. What is worked out holds for the settings of the build, as conditions were asked there; so it is taken
 * only when no setting was changed that a condition may ask for. Otherwise the start is Spring's usual one.
 *
 * @see <a href="https://docs.spring.io/spring-framework/reference/core/aot.html">Spring, Ahead of Time Optimizations</a>
 */
final class AheadOfTimeContext implements EnvironmentPostProcessor, Ordered {

    private static final String SWITCH = "spring.aot.enabled";
    private static final String SUFFIX = "__ApplicationContextInitializer";
    /** What beginnings the settings have that conditions ask for: Boot's own, and one of ours. */
    private static final List<String> ASKED_FOR = List.of("spring.", "management.", "server.", "nucleus.bootadmin.");
    /** Of those, the ones that no condition asks for. */
    private static final Set<String> HARMLESS = Set.of(
            "server.port",
            "server.address",
            "spring.application.name",
            "spring.application.pid",
            "spring.application.title",
            "spring.application.version");

    private static final String HARMLESS_TOO = "spring.config.";
    /** The settings that the build knew. */
    private static final String OWN = "class path resource [application.yaml]";
    /** Of Spring's making, with nothing of an operator's in them. */
    private static final Set<String> EMPTY = Set.of("configurationProperties", "random");

    private final Log log;

    AheadOfTimeContext(DeferredLogFactory logs) {
        this.log = logs.getLog(AheadOfTimeContext.class);
    }

    @Override
    public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
        Class<?> main = application.getMainApplicationClass();
        if (SpringProperties.getProperty(SWITCH) != null || !worked(main)) {
            return;
        }
        Optional<String> changed = changed(environment);
        if (changed.isEmpty()) {
            SpringProperties.setFlag(SWITCH);
        } else {
            log.debug("the context is worked out anew: " + changed.get() + " is set");
        }
    }

    /** Whether the build worked it out, and these are its classes: those of a workspace may be newer than what is there of it. */
    private static boolean worked(@Nullable Class<?> main) {
        return main != null
                && ClassUtils.isPresent(main.getName() + SUFFIX, main.getClassLoader())
                && !Files.isDirectory(Path.of(
                        main.getProtectionDomain().getCodeSource().getLocation().getPath()));
    }

    /** A setting that is not the build's and that a condition may ask for. */
    static Optional<String> changed(ConfigurableEnvironment environment) {
        return environment.getPropertySources().stream()
                .filter(source -> !source.getName().contains(OWN)
                        && !EMPTY.contains(source.getName())
                        && !(source instanceof PropertySource.StubPropertySource))
                .flatMap(AheadOfTimeContext::names)
                .filter(AheadOfTimeContext::matters)
                .findFirst();
    }

    /** What doesn't say what it holds may hold anything. */
    private static Stream<String> names(PropertySource<?> source) {
        return source instanceof EnumerablePropertySource<?> enumerable
                ? Stream.of(enumerable.getPropertyNames())
                : Stream.of("spring.?, from " + source.getName());
    }

    /** @param name as it is written in a file, on a command line or, in capitals, in the environment */
    private static boolean matters(String name) {
        String canonical = name.toLowerCase(Locale.ROOT).replace('_', '.').replace("-", "");
        return ASKED_FOR.stream().anyMatch(canonical::startsWith)
                && !HARMLESS.contains(canonical)
                && !canonical.startsWith(HARMLESS_TOO);
    }

    /** When all sources are there. */
    @Override
    public int getOrder() {
        return Ordered.LOWEST_PRECEDENCE;
    }
}
