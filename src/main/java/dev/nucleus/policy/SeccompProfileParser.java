package dev.nucleus.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Parses the subset of OCI's seccomp JSON that denies by default. Everything that would be lost silently is refused:
 * another default action, an unknown operator, conditions on other things than arguments.
 */
final class SeccompProfileParser {

    private static final int EPERM = 1;
    /** MAX_ERRNO (include/linux/err.h). */
    private static final int MAX_ERRNO = 4095;

    private static final int ARGUMENTS = 6;
    private static final Set<String> DENYING =
            Set.of("SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD");
    private static final Set<String> TOP =
            Set.of("defaultAction", "defaultErrnoRet", "architectures", "archMap", "syscalls", "comment");
    private static final Set<String> IN_RULE = Set.of("names", "name", "action", "errnoRet", "args", "comment");
    private static final Set<String> IN_ARGUMENT = Set.of("index", "value", "valueTwo", "op");

    /** Duplicate fields are refused: it would be unclear which one counts. */
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private SeccompProfileParser() {}

    /** @throws IllegalArgumentException naming what is wrong or not supported */
    static SeccompProfile parse(String name, String text) {
        JsonNode json;
        try {
            json = JSON.readTree(text);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("not valid JSON: " + e.getOriginalMessage(), e);
        }
        requireOnly(TOP, json, "the profile");
        String action = json.path("defaultAction").asString("");
        if (!DENYING.contains(action)) {
            throw new IllegalArgumentException("defaultAction must be SCMP_ACT_ERRNO, was '" + action
                    + "': calls that the profile doesn't name must be refused");
        }
        var rules = new ArrayList<SeccompProfile.Rule>();
        for (JsonNode rule : list(json, "syscalls")) {
            rules.add(rule(rule));
        }
        if (rules.isEmpty()) {
            throw new IllegalArgumentException("it names no system call, so nothing could run under it");
        }
        return new SeccompProfile(name, errno(json, "defaultErrnoRet"), rules, List.of());
    }

    private static void requireOnly(Set<String> known, JsonNode json, String place) {
        var unknown = new TreeSet<>(json.propertyNames());
        unknown.removeAll(known);
        unknown.removeIf(name -> json.path(name).isEmpty() && json.path(name).isContainer());
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(place + " has fields that are not understood: "
                    + String.join(", ", unknown) + "; known are " + String.join(", ", new TreeSet<>(known)));
        }
    }

    private static SeccompProfile.Rule rule(JsonNode json) {
        requireOnly(IN_RULE, json, "a rule");
        var names = new ArrayList<String>();
        list(json, "names").forEach(name -> names.add(systemCall(name)));
        if (json.has("name")) {
            names.add(systemCall(json.path("name")));
        }
        if (names.isEmpty()) {
            throw new IllegalArgumentException("a rule names no system call");
        }
        var conditions = new ArrayList<SeccompProfile.Condition>();
        list(json, "args").forEach(argument -> conditions.add(condition(argument)));
        OptionalInt errno = switch (json.path("action").asString("")) {
            case "SCMP_ACT_ALLOW" -> OptionalInt.empty();
            case "SCMP_ACT_ERRNO" -> OptionalInt.of(errno(json, "errnoRet"));
            default ->
                throw new IllegalArgumentException("a rule for " + names.getFirst()
                        + " has the action '" + json.path("action").asString("")
                        + "'; supported are SCMP_ACT_ALLOW and SCMP_ACT_ERRNO");
        };
        return new SeccompProfile.Rule(names, errno, conditions);
    }

    private static SeccompProfile.Condition condition(JsonNode json) {
        requireOnly(IN_ARGUMENT, json, "an argument");
        JsonNode index = json.path("index");
        if (!index.isInt() || index.intValue() < 0 || index.intValue() >= ARGUMENTS) {
            throw new IllegalArgumentException("an argument's index must be 0 to 5, "
                    + (index.isMissingNode() ? "but is missing" : "was " + index));
        }
        return new SeccompProfile.Condition(
                index.intValue(),
                SeccompProfile.Operator.of(json.path("op").asString("")),
                argument(json, "value"),
                json.has("valueTwo") ? argument(json, "valueTwo") : 0);
    }

    /** Other values would be read as an empty list, and a rule would lose its conditions. */
    private static JsonNode list(JsonNode json, String field) {
        JsonNode list = json.path(field);
        if (!list.isMissingNode() && !list.isNull() && !list.isArray()) {
            throw new IllegalArgumentException(field + " must be a list, was " + list);
        }
        return list;
    }

    private static String systemCall(JsonNode name) {
        if (!name.isString()) {
            throw new IllegalArgumentException("a system call must be named by a string, was " + name);
        }
        return name.asString();
    }

    /** A number above the kernel's limit would set bits of the filter's action, and might allow the call. */
    private static int errno(JsonNode json, String field) {
        JsonNode number = json.path(field);
        if (number.isMissingNode()) {
            return EPERM;
        }
        if (!number.isInt() || number.intValue() < 0 || number.intValue() > MAX_ERRNO) {
            throw new IllegalArgumentException(field + " must be 0 to " + MAX_ERRNO + ", was " + number);
        }
        return number.intValue();
    }

    /** Arguments are unsigned 64-bit numbers. */
    private static long argument(JsonNode json, String field) {
        JsonNode number = json.path(field);
        if (!number.isIntegralNumber()
                || number.bigIntegerValue().signum() < 0
                || number.bigIntegerValue().bitLength() > Long.SIZE) {
            throw new IllegalArgumentException("an argument's " + field + " must be an integer from 0 to 2^64-1, "
                    + (number.isMissingNode() ? "but is missing" : "was " + number));
        }
        return number.bigIntegerValue().longValue();
    }

    /**
     * The profile with the default profile's argument filters in place of rules that allow such a call by name alone,
     * and without rules that allow clone3, whose flags a filter can't see.
     */
    static SeccompProfile withArgumentFilters(SeccompProfile profile, SeccompProfile standard) {
        Map<String, List<SeccompProfile.Rule>> filters = standard.rules().stream()
                .filter(rule -> !rule.conditions().isEmpty())
                .flatMap(rule -> rule.names().stream())
                .distinct()
                .collect(Collectors.toMap(
                        name -> name,
                        name -> standard.rules().stream()
                                .filter(rule -> rule.names().contains(name))
                                .map(rule -> new SeccompProfile.Rule(List.of(name), rule.errno(), rule.conditions()))
                                .toList()));
        var rules = new ArrayList<SeccompProfile.Rule>();
        var replaced = new TreeSet<String>();
        for (SeccompProfile.Rule rule : profile.rules()) {
            boolean byNameAlone = rule.errno().isEmpty() && rule.conditions().isEmpty();
            List<String> kept = rule.names().stream()
                    .filter(name -> !byNameAlone || !filters.containsKey(name))
                    .filter(name -> !name.equals("clone3"))
                    .toList();
            rule.names().stream()
                    .filter(name -> byNameAlone && filters.containsKey(name))
                    .forEach(replaced::add);
            if (!kept.isEmpty()) {
                rules.add(new SeccompProfile.Rule(kept, rule.errno(), rule.conditions()));
            }
        }
        replaced.forEach(name -> rules.addAll(filters.getOrDefault(name, List.of())));
        rules.addAll(standard.rules().stream()
                .filter(rule -> rule.names().contains("clone3"))
                .toList());
        var warnings = new ArrayList<String>();
        if (!replaced.isEmpty()) {
            warnings.add("allows " + String.join(", ", replaced)
                    + " by name alone: the built-in filters of their arguments were added");
        }
        boolean wantsClone3 = profile.rules().stream()
                .anyMatch(rule -> rule.errno().isEmpty() && rule.names().contains("clone3"));
        if (wantsClone3) {
            warnings.add("allows clone3, whose flags no filter can see: it fails with ENOSYS, and libc uses clone");
        }
        return new SeccompProfile(profile.name(), profile.defaultErrno(), rules, warnings);
    }
}
