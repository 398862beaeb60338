package dev.nucleus.isolation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.MountAttributes;
import dev.nucleus.plan.RootfsStep;
import dev.nucleus.policy.Capability;
import dev.nucleus.policy.SeccompProfile;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.TmpfsMount;
import dev.nucleus.spec.WorkspaceMount;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * A planned container, told to an OCI runtime: the config.json of its bundle.
 *
 * @see <a href="https://github.com/opencontainers/runtime-spec/blob/v1.0.2/config.md">OCI runtime specification 1.0.2</a>
 */
final class OciBundle {

    /** Where the launching program is, inside; see native/src/relay.h. */
    static final String RELAY = "/run/nucleus/relay";

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final LaunchRequest request;
    private final LaunchPlan.Builder plan;
    private final List<RootfsStep> root;
    private final SeccompProfile profile;

    /** @param plan with the parts of all layers that say what the workload is */
    OciBundle(LaunchRequest request, LaunchPlan.Builder plan, List<RootfsStep> root, SeccompProfile profile) {
        this.request = request;
        this.plan = plan;
        this.root = root;
        this.profile = profile;
    }

    byte[] config() {
        var config = new LinkedHashMap<String, Object>();
        config.put("ociVersion", "1.0.2");
        config.put("process", process());
        config.put(
                "root",
                Map.of(
                        "path",
                        request.places().staging(),
                        "readonly",
                        spec().filesystem().overlay().isEmpty()));
        config.put("hostname", plan.hostname());
        config.put("mounts", mounts());
        config.put("hooks", Map.of("poststart", List.of(started())));
        config.put(
                "linux",
                Map.of(
                        "namespaces",
                        List.of(
                                Map.of("type", "pid"),
                                Map.of("type", "mount"),
                                Map.of("type", "ipc"),
                                Map.of("type", "uts")),
                        "seccomp",
                        seccomp()));
        config.put("annotations", Map.of("dev.nucleus.name", request.name()));
        return JSON.writeValueAsBytes(config);
    }

    private Map<String, Object> process() {
        LaunchPlan.Identity identity = plan.identity();
        LaunchPlan.Command command = plan.command();
        var process = new LinkedHashMap<String, Object>();
        process.put("terminal", request.console().isPresent());
        process.put("user", Map.of("uid", identity.uid(), "gid", identity.gid(), "additionalGids", identity.groups()));
        process.put("args", command.arguments());
        process.put("env", command.environment());
        process.put("cwd", command.workdir());
        process.put("noNewPrivileges", true);
        process.put("capabilities", capabilities(plan.capabilities()));
        process.put(
                "rlimits",
                plan.rlimits().limits().stream()
                        .map(limit -> Map.of(
                                "type",
                                "RLIMIT_" + limit.name().toUpperCase(Locale.ROOT),
                                "soft",
                                limit.soft(),
                                "hard",
                                limit.hard()))
                        .toList());
        return process;
    }

    private static Map<String, List<String>> capabilities(LaunchPlan.Capabilities sets) {
        return Map.of(
                "bounding", names(sets.bounding()),
                "effective", names(sets.permitted()),
                "permitted", names(sets.permitted()),
                "inheritable", names(sets.inheritable()),
                "ambient", names(sets.ambient()));
    }

    private static List<String> names(long set) {
        return Arrays.stream(Capability.values())
                .filter(capability -> (set & capability.bit()) != 0)
                .map(capability -> "CAP_" + capability.name())
                .toList();
    }

    /** What the plan mounts in memory is its own kernel's; what it binds is served to it from the new root. */
    private List<Map<String, Object>> mounts() {
        var mounts = new ArrayList<Map<String, Object>>();
        mounts.add(mount("/proc", "proc", "proc", List.of("nosuid", "nodev", "noexec", "ro")));
        mounts.add(tmpfs("/dev/shm", List.of("noexec", "mode=1777", "size=64m")));
        mounts.add(tmpfs("/tmp", List.of("mode=1777", "size=256m")));
        mounts.add(tmpfs(
                FilesystemLayer.HOME,
                owned("mode=700", "size=" + spec().filesystem().home().bytes())));
        for (TmpfsMount tmpfs : spec().filesystem().tmpfs()) {
            mounts.add(tmpfs(
                    tmpfs.target(), owned("mode=755", "size=" + tmpfs.size().bytes())));
        }
        for (RootfsStep step : root) {
            switch (step) {
                case RootfsStep.Bind(var target, var _, var attributes, var _, var _) ->
                    bound(target, attributes, mounts);
                case RootfsStep.Workspace(var target, var _, var attributes, var _, var _) ->
                    bound(target, attributes, mounts);
                case RootfsStep.Volume(var target, var _, var attributes, var _, var _, var _, var _) ->
                    bound(target, attributes, mounts);
                default -> {}
            }
        }
        return mounts;
    }

    /** Others may change a volume meanwhile; the root's own trees are fixed, and may be cached. */
    private void bound(String target, long attributes, List<Map<String, Object>> mounts) {
        boolean readOnly = (attributes & MountAttributes.READ_ONLY) != 0;
        boolean volume = target.equals(WorkspaceMount.TARGET)
                || spec().filesystem().volumes().stream()
                        .anyMatch(mount -> mount.target().equals(target));
        if (volume) {
            mounts.add(mount(target, "bind", request.places().staging() + target, options(readOnly, attributes)));
        }
    }

    private static List<String> options(boolean readOnly, long attributes) {
        var options = new ArrayList<>(List.of("rbind", readOnly ? "ro" : "rw", "nosuid", "nodev"));
        if ((attributes & MountAttributes.NO_EXEC) != 0) {
            options.add("noexec");
        }
        return options;
    }

    private List<String> owned(String... options) {
        var all = new ArrayList<>(List.of(options));
        all.add("uid=" + plan.identity().uid());
        all.add("gid=" + plan.identity().gid());
        return all;
    }

    private static Map<String, Object> tmpfs(String target, List<String> options) {
        var all = new ArrayList<>(List.of("nosuid", "nodev"));
        all.addAll(options);
        return mount(target, "tmpfs", "tmpfs", all);
    }

    private static Map<String, Object> mount(String target, String type, String source, List<String> options) {
        return Map.of("destination", target, "type", type, "source", source, "options", options);
    }

    /** Tells the shim that the workload runs: see native/src/sandbox.h. */
    private Map<String, Object> started() {
        return Map.of(
                "path",
                request.places().staging() + RELAY,
                "args",
                List.of("relay", "--mark", request.places().directory() + "/started"));
    }

    private Map<String, Object> seccomp() {
        var rules = new ArrayList<Map<String, Object>>();
        for (SeccompProfile.Rule rule : profile.rules()) {
            var one = new LinkedHashMap<String, Object>();
            one.put("names", rule.names());
            one.put("action", rule.errno().isEmpty() ? "SCMP_ACT_ALLOW" : "SCMP_ACT_ERRNO");
            rule.errno().ifPresent(errno -> one.put("errnoRet", errno));
            if (!rule.conditions().isEmpty()) {
                one.put(
                        "args",
                        rule.conditions().stream().map(OciBundle::argument).toList());
            }
            rules.add(one);
        }
        return Map.of(
                "defaultAction", "SCMP_ACT_ERRNO", "architectures", List.of("SCMP_ARCH_X86_64"), "syscalls", rules);
    }

    private static Map<String, Object> argument(SeccompProfile.Condition condition) {
        return Map.of(
                "index", condition.index(),
                "op", condition.operator().ociName(),
                "value", condition.value(),
                "valueTwo", condition.expected());
    }

    private ContainerSpec spec() {
        return request.spec();
    }
}
