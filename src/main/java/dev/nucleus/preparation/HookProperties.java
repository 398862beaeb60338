package dev.nucleus.preparation;

import dev.nucleus.plan.HookPhase;
import dev.nucleus.spec.Durations;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The administrator's hooks. They run on the host with the manager's rights, so they are configured in the manager,
 * never in a fleet file.
 *
 * @param hooks programs of the host, each with {@code phase}, {@code path}, {@code args}, {@code env}, {@code timeout}
 *     and {@code containers}
 */
@ConfigurationProperties("nucleus")
public record HookProperties(@DefaultValue List<Hook> hooks) {

    public HookProperties {
        hooks = List.copyOf(hooks);
    }

    /**
     * @param phase create-runtime, poststart or poststop
     * @param path a program that only root can change
     * @param args arguments after the program's name
     * @param env its complete environment, apart from a default PATH
     * @param timeout time after which it is killed and counts as failed
     * @param containers the containers it applies to: a name, or a glob of names such as {@code shop/*}
     */
    public record Hook(
            HookPhase phase,
            Path path,
            @DefaultValue List<String> args,
            @DefaultValue Map<String, String> env,
            @DefaultValue("10s") Duration timeout,
            @DefaultValue("**") String containers) {

        public Hook {
            args = List.copyOf(args);
            // Keeps the order in which the variables are written.
            env = Collections.unmodifiableMap(new LinkedHashMap<>(env));
            Durations.requireCountable("timeout of the hook " + path, timeout);
        }
    }
}
