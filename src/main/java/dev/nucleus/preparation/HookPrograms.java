package dev.nucleus.preparation;

import dev.nucleus.spec.InvalidSpecException;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** The administrator's hooks, with checks that their programs may be run. */
@Component
final class HookPrograms {

    private static final String SOURCE = "nucleus.hooks";
    private static final Duration MAX_TIMEOUT = Duration.ofMinutes(10);

    private final List<HookProperties.Hook> hooks;

    /**
     * @throws UnusableHookException when a hook is invalid, or a user other than root could have changed its program
     */
    HookPrograms(HookProperties properties) {
        hooks = properties.hooks();
        for (int i = 0; i < hooks.size(); i++) {
            HookProperties.Hook hook = hooks.get(i);
            check(field(i), hook).ifPresent(reason -> {
                throw new UnusableHookException(reason);
            });
            try {
                TrustedProgram.at(hook.path());
            } catch (IOException e) {
                throw new UnusableHookException(field(i) + ".path: " + e.getMessage());
            }
        }
    }

    private static String field(int index) {
        return SOURCE + "[" + index + "]";
    }

    private static Optional<String> check(String field, HookProperties.Hook hook) {
        if (!hook.path().isAbsolute()) {
            return Optional.of(field + ".path: " + hook.path() + " is not absolute");
        }
        if (hook.timeout().isNegative()
                || hook.timeout().isZero()
                || hook.timeout().compareTo(MAX_TIMEOUT) > 0) {
            return Optional.of(field + ".timeout: must be more than 0 and at most 10m, was " + hook.timeout());
        }
        return Optional.empty();
    }

    /**
     * The hooks that apply to a container. They are checked at each launch: a program may have been replaced since the
     * manager started.
     *
     * @throws InvalidSpecException when a program may no longer be run
     */
    List<PreparedHook> preparedFor(String container) {
        var prepared = new ArrayList<PreparedHook>();
        for (int i = 0; i < hooks.size(); i++) {
            HookProperties.Hook hook = hooks.get(i);
            if (appliesTo(hook, container)) {
                prepared.add(new PreparedHook(hook, program(field(i), hook)));
            }
        }
        return prepared;
    }

    private static boolean appliesTo(HookProperties.Hook hook, String name) {
        return FileSystems.getDefault()
                .getPathMatcher("glob:" + hook.containers())
                .matches(Path.of(name));
    }

    private static TrustedProgram program(String field, HookProperties.Hook hook) {
        try {
            return TrustedProgram.at(hook.path());
        } catch (IOException e) {
            throw new InvalidSpecException(field + ".path: " + e.getMessage());
        }
    }
}
