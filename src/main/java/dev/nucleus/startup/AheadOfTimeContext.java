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
 * Starts with the application context that the build generated, which saves a third of the startup time: no class is
 * inspected for what it contributes. Its conditions were evaluated with the settings of the build, so it is used only
 * when no setting was changed that a condition may depend on. Otherwise Spring starts as usual.
 *
 * @see <a href="https://docs.spring.io/spring-framework/reference/core/aot.html">Ahead of Time Optimizations</a>
 */
final class AheadOfTimeContext implements EnvironmentPostProcessor, Ordered {

    private static final String SWITCH = "spring.aot.enabled";
    private static final String SUFFIX = "__ApplicationContextInitializer";
    /** Prefixes of settings that conditions depend on: Spring Boot's, and one of Nucleus. */
    private static final List<String> CONDITION_PREFIXES =
            List.of("spring.", "management.", "server.", "nucleus.bootadmin.");
    /** Settings with these prefixes that no condition depends on. */
    private static final Set<String> IGNORED = Set.of(
            "server.port",
            "server.address",
            "spring.application.name",
            "spring.application.pid",
            "spring.application.title",
            "spring.application.version");

    private static final String IGNORED_PREFIX = "spring.config.";
    /** The property source that the build used. */
    private static final String OWN = "class path resource [application.yaml]";
    /** Property sources that Spring adds and that contain no setting of the operator's. */
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
            log.debug("the generated context is not used: " + changed.get() + " is set");
        }
    }

    /**
     * Whether the build generated a context for these very classes: those in a directory, as in a workspace, may be
     * newer than the generated ones.
     */
    private static boolean worked(@Nullable Class<?> main) {
        return main != null
                && ClassUtils.isPresent(main.getName() + SUFFIX, main.getClassLoader())
                && !Files.isDirectory(Path.of(
                        main.getProtectionDomain().getCodeSource().getLocation().getPath()));
    }

    /** Returns a setting from outside the build that a condition may depend on. */
    static Optional<String> changed(ConfigurableEnvironment environment) {
        return environment.getPropertySources().stream()
                .filter(source -> !source.getName().contains(OWN)
                        && !EMPTY.contains(source.getName())
                        && !(source instanceof PropertySource.StubPropertySource))
                .flatMap(AheadOfTimeContext::names)
                .filter(AheadOfTimeContext::matters)
                .findFirst();
    }

    /** The names of a source's settings. A source that can't be enumerated may contain any. */
    private static Stream<String> names(PropertySource<?> source) {
        return source instanceof EnumerablePropertySource<?> enumerable
                ? Stream.of(enumerable.getPropertyNames())
                : Stream.of("spring.?, from " + source.getName());
    }

    /** @param name as it is written in a file, on a command line or, in capitals, in the environment */
    private static boolean matters(String name) {
        String canonical = name.toLowerCase(Locale.ROOT).replace('_', '.').replace("-", "");
        return CONDITION_PREFIXES.stream().anyMatch(canonical::startsWith)
                && !IGNORED.contains(canonical)
                && !canonical.startsWith(IGNORED_PREFIX);
    }

    /** Runs after all property sources have been added. */
    @Override
    public int getOrder() {
        return Ordered.LOWEST_PRECEDENCE;
    }
}
