package dev.nucleus.isolation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.spec.InvalidSpecException;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/**
 * The administrator's hooks: programs of the host that run at points of a container's life.
 *
 * @see <a href="https://github.com/opencontainers/runtime-spec/blob/main/runtime.md#state">OCI runtime specification,
 *     State</a>
 */
@Component
@Order(90)
final class HooksLayer implements Layer {

    private static final String LAYER = "hooks";
    private static final String SOURCE = "nucleus.hooks";
    private static final Duration LONGEST = Duration.ofMinutes(10);
    private static final Map<String, String> ENVIRONMENT = Map.of("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    private static final JsonMapper JSON = JsonMapper.shared();

    private final List<HookProperties.Hook> hooks;

    /** @throws UnusableHookException when one could have been changed by others than root */
    HooksLayer(HookProperties properties) {
        hooks = properties.hooks();
        for (int i = 0; i < hooks.size(); i++) {
            String field = SOURCE + "[" + i + "]";
            HookProperties.Hook hook = hooks.get(i);
            check(field, hook).ifPresent(reason -> {
                throw new UnusableHookException(reason);
            });
            try {
                TrustedProgram.at(hook.path());
            } catch (IOException e) {
                throw new UnusableHookException(field + ".path: " + e.getMessage());
            }
        }
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

    /** Looked at for each launch: it may have been replaced since the manager's start. */
    private static TrustedProgram program(String field, HookProperties.Hook hook) {
        try {
            return TrustedProgram.at(hook.path());
        } catch (IOException e) {
            throw new InvalidSpecException(field + ".path: " + e.getMessage());
        }
    }

    @Override
    public void contribute(LaunchRequest request, LaunchPlan.Builder plan) {
        var planned = new ArrayList<LaunchPlan.Hook>();
        for (int i = 0; i < hooks.size(); i++) {
            HookProperties.Hook hook = hooks.get(i);
            if (!concerns(hook, request.name())) {
                continue;
            }
            planned.add(planned(hook, program(SOURCE + "[" + i + "]", hook)));
            plan.can(
                    LAYER,
                    "have " + hook.path() + " run beside it on the host with the manager's rights, "
                            + hook.phase().label(),
                    SOURCE);
        }
        if (!planned.isEmpty()) {
            plan.hooks(new LaunchPlan.Hooks(state(request), planned));
        }
    }

    private static boolean concerns(HookProperties.Hook hook, String name) {
        return FileSystems.getDefault()
                .getPathMatcher("glob:" + hook.containers())
                .matches(Path.of(name));
    }

    private static LaunchPlan.Hook planned(HookProperties.Hook hook, TrustedProgram program) {
        var arguments = new ArrayList<>(List.of(hook.path().toString()));
        arguments.addAll(hook.args());
        var environment = new LinkedHashMap<>(ENVIRONMENT);
        environment.putAll(hook.env());
        return new LaunchPlan.Hook(
                hook.phase(),
                program.path().toString(),
                program.device(),
                program.inode(),
                arguments,
                environment.entrySet().stream()
                        .map(variable -> variable.getKey() + "=" + variable.getValue())
                        .toList(),
                hook.timeout());
    }

    /** Status and pid, which are known to the shim, and the last brace are missing. */
    private static String state(LaunchRequest request) {
        var state = new LinkedHashMap<String, Object>();
        state.put("ociVersion", "1.2.0");
        state.put("id", request.id());
        state.put("bundle", request.places().directory());
        state.put("annotations", Map.of("dev.nucleus.name", request.name()));
        String text = JSON.writeValueAsString(state);
        return text.substring(0, text.length() - 1);
    }
}
