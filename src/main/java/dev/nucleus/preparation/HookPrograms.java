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

/** The administrator's hooks, and whether their programs may be run. */
@Component
final class HookPrograms {

    private static final String SOURCE = "nucleus.hooks";
    private static final Duration LONGEST = Duration.ofMinutes(10);

    private final List<HookProperties.Hook> hooks;

    /** @throws UnusableHookException when one could have been changed by others than root */
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
                || hook.timeout().compareTo(LONGEST) > 0) {
            return Optional.of(field + ".timeout: more than nothing and at most 10m, not " + hook.timeout());
        }
        return Optional.empty();
    }

    /**
     * Those that concern a container. Looked at for each launch: one may have been replaced since the manager's start.
     *
     * @throws InvalidSpecException when one may not be run any more
     */
    List<PreparedHook> preparedFor(String container) {
        var prepared = new ArrayList<PreparedHook>();
        for (int i = 0; i < hooks.size(); i++) {
            HookProperties.Hook hook = hooks.get(i);
            if (concerns(hook, container)) {
                prepared.add(new PreparedHook(hook, program(field(i), hook)));
            }
        }
        return prepared;
    }

    private static boolean concerns(HookProperties.Hook hook, String name) {
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
