package dev.nucleus.policy;

import dev.nucleus.spec.PolicySource;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Built-in profiles by name, {@code config/policies/*.json}, and profiles from users' files; each is parsed once. */
public final class SeccompProfiles {

    private static final List<String> NAMES =
            List.of("default", "network-server", "database", "jvm", "node", "python-agent");
    private static final Map<String, SeccompProfile> READ = new ConcurrentHashMap<>();

    private SeccompProfiles() {}

    public static List<String> names() {
        return NAMES;
    }

    public static SeccompProfile named(String name) {
        if (!NAMES.contains(name)) {
            throw new IllegalArgumentException("no seccomp profile '" + name + "'");
        }
        SeccompProfile read = READ.get(name);
        if (read == null) {
            read = read(name);
            READ.put(name, read);
        }
        return read;
    }

    private static SeccompProfile read(String name) {
        try (InputStream json = SeccompProfiles.class.getResourceAsStream("/policies/" + name + ".json")) {
            if (json == null) {
                throw new IllegalStateException("policies/" + name + ".json is missing from the jar");
            }
            return SeccompProfileParser.parse(name, new String(json.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * A built-in profile, or the user's own. A file is parsed once per content.
     *
     * @throws PolicyViolationException when a file can't be read, doesn't match its pin, or can't be parsed
     */
    public static SeccompProfile of(PolicySource source) {
        return switch (source) {
            case PolicySource.Named(var name) -> named(name);
            case PolicySource.File file -> fromFile(PolicyFile.read("seccomp", file));
        };
    }

    private static SeccompProfile fromFile(PolicyFile file) {
        String name = file.path() + "@sha256:" + file.sha256();
        SeccompProfile known = READ.get(name);
        if (known != null) {
            return known;
        }
        try {
            SeccompProfile read = SeccompProfileParser.withArgumentFilters(
                    SeccompProfileParser.parse(name, file.text()), named("default"));
            READ.put(name, read);
            return read;
        } catch (IllegalArgumentException e) {
            throw file.violation(e);
        }
    }
}
