package dev.nucleus.spec;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * A host directory that a container reads at {@value #TARGET}.
 *
 * @param source absolute
 * @param mode whether it is copied or bind-mounted
 */
public record ContextMount(Path source, Mode mode) {

    public static final String TARGET = "/context";

    /** How a context is provided to a container. */
    public enum Mode {
        /** A verified copy, without links, version control data, dependencies and files that look like secrets. */
        COPY,
        /** The directory itself, read-only; refused if it contains links or special files. */
        BIND;

        public static Mode parse(String text) {
            return Arrays.stream(values())
                    .filter(mode -> mode.toString().equals(text))
                    .findFirst()
                    .orElseThrow(() -> new InvalidSpecException("a context mode is copy or bind; was '" + text + "'"));
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public ContextMount {
        source = absolute(source);
    }

    /** Reads {@code /dir} or {@code /dir:bind}. */
    public static ContextMount parse(String text) {
        int colon = text.lastIndexOf(':');
        return colon < 1
                ? new ContextMount(Path.of(text), Mode.COPY)
                : new ContextMount(Path.of(text.substring(0, colon)), Mode.parse(text.substring(colon + 1)));
    }

    static Path absolute(Path source) {
        if (!source.isAbsolute()) {
            throw new InvalidSpecException("'" + source + "' must be an absolute path of the host");
        }
        Path normal = source.normalize();
        if (normal.getNameCount() == 0) {
            throw new InvalidSpecException(
                    "the host's root directory can't be mounted; name the directory that is needed");
        }
        return normal;
    }
}
