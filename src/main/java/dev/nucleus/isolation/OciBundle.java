package dev.nucleus.isolation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.MountAttributes;
import dev.nucleus.plan.RootfsStep;
import dev.nucleus.policy.Capability;
import dev.nucleus.policy.SeccompProfile;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Filesystem;
import dev.nucleus.spec.SecretMount;
import dev.nucleus.spec.TmpfsMount;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.spec.WorkspaceMount;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/**
 * The config.json of a planned container's OCI bundle.
 *
 * @see <a href="https://github.com/opencontainers/runtime-spec/blob/v1.0.2/config.md">OCI runtime specification 1.0.2</a>
 */
final class OciBundle {

    /** A directory in the root's own tmpfs, over which nothing is mounted. */
    static final String OWN = "/.nucleus";
    /** Path of the launching program inside the container; see native/src/shim/relay.h. */
    static final String RELAY = OWN + "/relay";
    /** Path of the bundle in the runtime's root directory; see native/src/shim/gvisor.h. */
    static final Path DIRECTORY = Path.of("/bundle");

    private static final String ROOT = "/rootfs";
    private static final String VOLUMES = "/volumes/";
    private static final String HOOK = "/hook";

    /**
     * Path of the filter for processes run beside the workload, an array of struct sock_filter; see
     * native/src/shim/relay.h.
     */
    static final String FILTER = OWN + "/seccomp";

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final PreparedLaunch launch;
    private final LaunchPlan.Builder plan;
    private final List<RootfsStep> root;
    private final SeccompProfile profile;
    /** The specification's mounts, each at its path in the root, as in the steps. */
    private final Filesystem filesystem;

    /** @param plan with the parts of all layers that describe the workload */
    OciBundle(PreparedLaunch launch, LaunchPlan.Builder plan, List<RootfsStep> root, SeccompProfile profile) {
        this.launch = launch;
        this.plan = plan;
        this.root = root;
        this.profile = profile;
        this.filesystem = launch.root().placed();
    }

    byte[] config() {
        var config = new LinkedHashMap<String, Object>();
        config.put("ociVersion", "1.0.2");
        config.put("process", process());
        config.put(
                "root",
                Map.of("path", ROOT, "readonly", spec().filesystem().overlay().isEmpty()));
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
        config.put("annotations", Map.of("dev.nucleus.name", launch.name()));
        return JSON.writeValueAsBytes(config);
    }

    private Map<String, Object> process() {
        LaunchPlan.Command command = plan.command();
        Map<String, Object> process = confinement();
        process.put("terminal", launch.request().workload().console().isPresent());
        process.put("args", command.arguments());
        process.put("env", command.environment());
        process.put("cwd", command.workdir());
        return process;
    }

    /**
     * User, capabilities and limits of every process inside, as JSON without the closing brace: the command is
     * appended.
     */
    String processStart() {
        String text = JSON.writeValueAsString(confinement());
        return text.substring(0, text.length() - 1);
    }

    private Map<String, Object> confinement() {
        LaunchPlan.Identity identity = plan.identity();
        var process = new LinkedHashMap<String, Object>();
        process.put("user", Map.of("uid", identity.uid(), "gid", identity.gid(), "additionalGids", identity.groups()));
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

    /** gVisor's kernel provides the in-memory mounts; bind mounts are served to it from the new root. */
    private List<Map<String, Object>> mounts() {
        var mounts = new ArrayList<Map<String, Object>>();
        mounts.add(mount("/proc", "proc", "proc", List.of("nosuid", "nodev", "noexec", "ro")));
        MemoryMount.of(spec().filesystem()).forEach(mount -> mounts.add(tmpfs(mount)));
        for (int number = 0; number < root.size(); number++) {
            OptionalLong attributes = served(root.get(number));
            if (attributes.isPresent()) {
                mounts.add(mount(root.get(number).target(), "bind", VOLUMES + number, options(attributes.getAsLong())));
            }
        }
        if (secretsHidden()) {
            mounts.add(mount(
                    SecretMount.FOLDER,
                    "bind",
                    ROOT + SecretMount.FOLDER,
                    options(MountAttributes.READ_ONLY | MountAttributes.NO_EXEC)));
        }
        return mounts;
    }

    /** Whether gVisor mounts something above the directory of the secrets, which would hide them. */
    private boolean secretsHidden() {
        return !filesystem.secrets().isEmpty()
                && Stream.concat(
                                filesystem.tmpfs().stream().map(TmpfsMount::target),
                                filesystem.volumes().stream().map(VolumeMount::target))
                        .anyMatch(target -> SecretMount.FOLDER.startsWith(target + "/"));
    }

    /**
     * Numbers of the root's steps that gVisor mounts separately: volumes can be changed from outside at any time, while
     * the root's own trees are fixed and may be cached.
     */
    Set<Integer> served() {
        return IntStream.range(0, root.size())
                .filter(number -> served(root.get(number)).isPresent())
                .boxed()
                .collect(Collectors.toUnmodifiableSet());
    }

    /** Mount attributes of a step that gVisor mounts separately; empty for all others. */
    private OptionalLong served(RootfsStep step) {
        return switch (step) {
            case RootfsStep.Bind(var target, var _, var attributes, var _, var _)
            when volume(target) -> OptionalLong.of(attributes);
            case RootfsStep.Workspace(var _, var _, var attributes, var _, var _) -> OptionalLong.of(attributes);
            case RootfsStep.Volume(var _, var _, var attributes, var _, var _, var _, var _) ->
                OptionalLong.of(attributes);
            case RootfsStep.Bind _,
                    RootfsStep.Directory _,
                    RootfsStep.File _,
                    RootfsStep.Symlink _,
                    RootfsStep.Overlay _,
                    RootfsStep.Detach _,
                    RootfsStep.Secret _,
                    RootfsStep.Self _,
                    RootfsStep.Tmpfs _,
                    RootfsStep.Proc _,
                    RootfsStep.Devpts _,
                    RootfsStep.Device _,
                    RootfsStep.MaskFile _,
                    RootfsStep.MaskDirectory _,
                    RootfsStep.Seal _ -> OptionalLong.empty();
        };
    }

    private boolean volume(String target) {
        return target.equals(WorkspaceMount.TARGET)
                || filesystem.volumes().stream()
                        .anyMatch(mount -> mount.target().equals(target));
    }

    private static List<String> options(long attributes) {
        boolean readOnly = (attributes & MountAttributes.READ_ONLY) != 0;
        var options = new ArrayList<>(List.of("rbind", readOnly ? "ro" : "rw", "nosuid", "nodev"));
        if ((attributes & MountAttributes.NO_EXEC) != 0) {
            options.add("noexec");
        }
        return options;
    }

    private Map<String, Object> tmpfs(MemoryMount mount) {
        var options = new ArrayList<>(List.of("nosuid", "nodev"));
        if (!mount.execute()) {
            options.add("noexec");
        }
        options.addAll(mount.options(plan.identity()));
        return mount(mount.target(), "tmpfs", "tmpfs", options);
    }

    private static Map<String, Object> mount(String target, String type, String source, List<String> options) {
        return Map.of("destination", target, "type", type, "source", source, "options", options);
    }

    /** The hook that notifies the shim that the workload runs; see native/src/shim/gvisor.h. */
    private Map<String, Object> started() {
        return Map.of("path", HOOK, "args", List.of("hook", "--mark", DIRECTORY + "/started"));
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
                        rule.conditions().stream()
                                .map(SeccompProfile.Condition::toOci)
                                .toList());
            }
            rules.add(one);
        }
        return Map.of(
                "defaultAction", "SCMP_ACT_ERRNO", "architectures", List.of("SCMP_ARCH_X86_64"), "syscalls", rules);
    }

    private ContainerSpec spec() {
        return launch.spec();
    }
}
