package dev.nucleus.cli;

import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.SecretMount;
import dev.nucleus.spec.TmpfsMount;
import dev.nucleus.spec.VolumeMount;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * The long form of a mount, {@code type=bind,source=/a:b,target=/data,readonly,exec}, for paths with colons. A comma or
 * a backslash in a value is escaped with a backslash.
 */
sealed interface MountOption {

    String EXAMPLE = "type=bind,source=/srv/data,target=/data,readonly";

    record Bind(VolumeMount mount) implements MountOption {}

    record Memory(TmpfsMount mount) implements MountOption {}

    record Secret(SecretMount mount) implements MountOption {}

    /**
     * @param resolve makes a host path absolute
     * @throws InvalidSpecException naming the field that is wrong
     */
    static MountOption parse(String text, UnaryOperator<Path> resolve) {
        var fields = new Fields(text);
        String type = fields.take("type").orElse("bind");
        MountOption mount = switch (type) {
            case "bind" ->
                new Bind(new VolumeMount(
                        resolve.apply(Path.of(fields.require("source", "src"))).toString(),
                        fields.require("target", "destination", "dst"),
                        fields.flag("readonly", "ro"),
                        fields.flag("exec")));
            case "tmpfs" ->
                new Memory(new TmpfsMount(
                        fields.require("target", "destination", "dst"),
                        fields.take("size", "tmpfs-size")
                                .map(size -> MemorySize.parsePages("--mount size", size))
                                .orElse(TmpfsMount.DEFAULT_SIZE),
                        fields.flag("exec")));
            case "secret" -> {
                String source = fields.require("source", "src");
                yield new Secret(new SecretMount(
                        source.startsWith(SecretMount.CREDENTIAL)
                                ? source
                                : resolve.apply(Path.of(source)).toString(),
                        fields.require("target", "destination", "dst"),
                        fields.take("mode").map(SecretMount::parseMode).orElse(SecretMount.DEFAULT_MODE)));
            }
            case "volume" ->
                throw new InvalidSpecException("--mount: named volumes belong to a fleet file; for a directory of "
                        + "the host write " + EXAMPLE);
            default -> throw new InvalidSpecException("--mount: the type is bind, tmpfs or secret, was '" + type + "'");
        };
        fields.finish(type);
        return mount;
    }

    /** The fields of the option; each is consumed once. */
    final class Fields {

        private final String text;
        private final Map<String, Optional<String>> values = new LinkedHashMap<>();

        private Fields(String text) {
            this.text = text;
            for (String part : split(text)) {
                int equals = part.indexOf('=');
                String name = equals < 0 ? part : part.substring(0, equals);
                Optional<String> value = equals < 0 ? Optional.empty() : Optional.of(part.substring(equals + 1));
                if (values.putIfAbsent(name, value) != null) {
                    throw new InvalidSpecException("--mount: '" + name + "' is given twice in '" + text + "'");
                }
            }
        }

        private static List<String> split(String text) {
            var parts = new ArrayList<String>();
            var part = new StringBuilder();
            for (int at = 0; at < text.length(); at++) {
                char character = text.charAt(at);
                if (character == '\\' && at + 1 < text.length()) {
                    at++;
                    part.append(text.charAt(at));
                } else if (character == ',') {
                    parts.add(part.toString());
                    part.setLength(0);
                } else {
                    part.append(character);
                }
            }
            parts.add(part.toString());
            return parts;
        }

        private Optional<String> take(String... names) {
            for (String name : names) {
                Optional<String> value = values.get(name);
                if (value != null) {
                    values.remove(name);
                    return Optional.of(value.filter(given -> !given.isEmpty())
                            .orElseThrow(() -> new InvalidSpecException(
                                    "--mount: '" + name + "' needs a value, such as in " + EXAMPLE)));
                }
            }
            return Optional.empty();
        }

        private String require(String... names) {
            return take(names)
                    .orElseThrow(() -> new InvalidSpecException(
                            "--mount: '" + names[0] + "' is missing in '" + text + "'; write for example " + EXAMPLE));
        }

        private boolean flag(String... names) {
            boolean set = false;
            for (String name : names) {
                Optional<String> value = values.get(name);
                if (value != null) {
                    values.remove(name);
                    set |= switch (value.orElse("true")) {
                        case "true", "1" -> true;
                        case "false", "0" -> false;
                        default ->
                            throw new InvalidSpecException(
                                    "--mount: '" + name + "' is true or false, was '" + value.orElseThrow() + "'");
                    };
                }
            }
            return set;
        }

        private void finish(String type) {
            if (!values.isEmpty()) {
                throw new InvalidSpecException("--mount: a mount of type " + type + " has no field '"
                        + values.keySet().iterator().next() + "'; a comma in a value is written \\,");
            }
        }
    }
}
