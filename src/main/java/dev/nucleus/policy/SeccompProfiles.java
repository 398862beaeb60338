package dev.nucleus.policy;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The profiles that come with Nucleus, {@code config/policies/*.json}, each read once. */
public final class SeccompProfiles {

    private static final List<String> NAMES = List.of("default", "network-server", "database", "jvm");
    private static final Map<String, SeccompProfile> READ = new ConcurrentHashMap<>();
    private static final int EPERM = 1;

    private SeccompProfiles() {}

    public static List<String> names() {
        return NAMES;
    }

    public static SeccompProfile named(String name) {
        if (!NAMES.contains(name)) {
            throw new IllegalArgumentException("no seccomp profile '" + name + "'");
        }
        return READ.computeIfAbsent(name, SeccompProfiles::read);
    }

    private static SeccompProfile read(String name) {
        try (InputStream json = SeccompProfiles.class.getResourceAsStream("/policies/" + name + ".json")) {
            if (json == null) {
                throw new IllegalStateException("policies/" + name + ".json is missing from the jar");
            }
            return parse(name, JsonMapper.shared().readTree(json));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static SeccompProfile parse(String name, JsonNode json) {
        if (!json.path("defaultAction").asString("").equals("SCMP_ACT_ERRNO")) {
            throw new IllegalArgumentException("profile " + name + ": defaultAction must be SCMP_ACT_ERRNO");
        }
        var rules = new ArrayList<SeccompProfile.Rule>();
        for (JsonNode rule : json.path("syscalls")) {
            rules.add(rule(rule));
        }
        return new SeccompProfile(name, json.path("defaultErrnoRet").asInt(EPERM), rules);
    }

    private static SeccompProfile.Rule rule(JsonNode json) {
        var names = new ArrayList<String>();
        json.path("names").forEach(name -> names.add(name.asString()));
        var conditions = new ArrayList<SeccompProfile.Condition>();
        json.path("args")
                .forEach(arg -> conditions.add(new SeccompProfile.Condition(
                        arg.path("index").asInt(),
                        SeccompProfile.Operator.of(arg.path("op").asString()),
                        arg.path("value").asLong(),
                        arg.path("valueTwo").asLong(0))));
        OptionalInt errno = switch (json.path("action").asString()) {
            case "SCMP_ACT_ALLOW" -> OptionalInt.empty();
            case "SCMP_ACT_ERRNO" -> OptionalInt.of(json.path("errnoRet").asInt(EPERM));
            default -> throw new IllegalArgumentException("unknown seccomp action " + json.path("action"));
        };
        return new SeccompProfile.Rule(names, errno, conditions);
    }
}
