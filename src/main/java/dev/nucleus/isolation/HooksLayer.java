package dev.nucleus.isolation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.preparation.HookProperties;
import dev.nucleus.preparation.PreparedHook;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.preparation.TrustedProgram;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/**
 * The administrator's hooks: host programs that run at points of the container lifecycle.
 *
 * @see <a href="https://github.com/opencontainers/runtime-spec/blob/main/runtime.md#state">OCI runtime specification,
 *     State</a>
 */
@Component
@Order(90)
final class HooksLayer implements Layer {

    private static final String LAYER = "hooks";
    private static final String SOURCE = "nucleus.hooks";
    private static final Map<String, String> ENVIRONMENT = Map.of("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    private static final JsonMapper JSON = JsonMapper.shared();

    @Override
    public void contribute(PreparedLaunch launch, LaunchPlan.Builder plan) {
        if (launch.hooks().isEmpty()) {
            return;
        }
        for (PreparedHook prepared : launch.hooks()) {
            plan.can(
                    LAYER,
                    "have " + prepared.hook().path() + " run beside it on the host with the manager's rights, "
                            + prepared.hook().phase().label(),
                    SOURCE);
        }
        plan.hooks(new LaunchPlan.Hooks(
                state(launch), launch.hooks().stream().map(HooksLayer::planned).toList()));
    }

    private static LaunchPlan.Hook planned(PreparedHook prepared) {
        HookProperties.Hook hook = prepared.hook();
        TrustedProgram program = prepared.program();
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

    /** The container's state as JSON, without status and pid, which the shim adds, and without the closing brace. */
    private static String state(PreparedLaunch launch) {
        var state = new LinkedHashMap<String, Object>();
        state.put("ociVersion", "1.2.0");
        state.put("id", launch.id());
        state.put("bundle", launch.request().places().directory());
        state.put("annotations", Map.of("dev.nucleus.name", launch.name()));
        String text = JSON.writeValueAsString(state);
        return text.substring(0, text.length() - 1);
    }
}
