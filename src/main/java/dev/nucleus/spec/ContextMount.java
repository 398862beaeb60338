package dev.nucleus.spec;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * A directory of the host that a container reads at {@value #TARGET}.
 *
 * @param source absolute
 * @param mode how it gets there
 */
public record ContextMount(Path source, Mode mode) {

    public static final String TARGET = "/context";

    /** How a context gets into a container. */
    public enum Mode {
        /** A copy, verified, without links, version control, dependencies and what looks like a secret. */
        COPY,
        /** The directory itself, read-only; refused if there are links or special files in it. */
        BIND;

        public static Mode parse(String text) {
            return Arrays.stream(values())
                    .filter(mode -> mode.toString().equals(text))
                    .findFirst()
                    .orElseThrow(() -> new InvalidSpecException(
                            "a context is copied or bound, with copy or bind; was '" + text + "'"));
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
                    "the whole host, '/', can't be in a container; name the directory that is needed");
        }
        return normal;
    }
}
