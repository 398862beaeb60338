package dev.nucleus.learning;

import dev.nucleus.policy.Capability;
import dev.nucleus.policy.LandlockPolicy;
import dev.nucleus.policy.SeccompProfile;
import dev.nucleus.spec.Port;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Formats policies as the text of their files. */
public final class PolicyTexts {

    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private PolicyTexts() {}

    /** The seccomp profile in OCI's JSON format. */
    public static String seccomp(SeccompProfile profile) {
        var top = new LinkedHashMap<String, Object>();
        top.put("defaultAction", "SCMP_ACT_ERRNO");
        top.put("defaultErrnoRet", profile.defaultErrno());
        top.put("architectures", List.of("SCMP_ARCH_X86_64"));
        top.put("syscalls", profile.rules().stream().map(PolicyTexts::rule).toList());
        return JSON.writeValueAsString(top) + "\n";
    }

    private static Map<String, Object> rule(SeccompProfile.Rule rule) {
        var map = new LinkedHashMap<String, Object>();
        map.put("names", rule.names().stream().sorted().toList());
        map.put("action", rule.errno().isPresent() ? "SCMP_ACT_ERRNO" : "SCMP_ACT_ALLOW");
        rule.errno().ifPresent(errno -> map.put("errnoRet", errno));
        if (!rule.conditions().isEmpty()) {
            map.put(
                    "args",
                    rule.conditions().stream()
                            .map(SeccompProfile.Condition::toOci)
                            .toList());
        }
        return map;
    }

    /** The Landlock policy in YAML. */
    public static String landlock(LandlockPolicy policy) {
        var text = new StringBuilder("min-abi: ").append(policy.minAbi()).append("\nrules:\n");
        for (LandlockPolicy.Rule rule : policy.rules()) {
            text.append("  - {path: ")
                    .append(quote(rule.path()))
                    .append(", access: [")
                    .append(rule.access().stream()
                            .sorted()
                            .map(LandlockPolicy.Access::toString)
                            .collect(Collectors.joining(", ")))
                    .append("]}\n");
        }
        policy.bind()
                .ifPresent(ports ->
                        text.append("tcp-bind: ").append(numbers(ports)).append('\n'));
        policy.connect()
                .ifPresent(ports ->
                        text.append("tcp-connect: ").append(numbers(ports)).append('\n'));
        return text.toString();
    }

    private static String numbers(List<Port> ports) {
        return ports.stream().map(port -> Integer.toString(port.number())).collect(Collectors.joining(", ", "[", "]"));
    }

    /** Quotes a path that YAML would not read as plain text. */
    private static String quote(String path) {
        return path.matches("[/A-Za-z0-9._+@-]+")
                ? path
                : "\"" + path.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }

    /** The capability sets in YAML. */
    public static String capabilities(Set<Capability> kept) {
        String keep = kept.stream().sorted().map(Capability::name).collect(Collectors.joining(", ", "{keep: [", "]}"));
        return List.of("bounding", "effective", "inheritable", "ambient").stream()
                .map(set -> set + ": " + keep + "\n")
                .collect(Collectors.joining());
    }
}
