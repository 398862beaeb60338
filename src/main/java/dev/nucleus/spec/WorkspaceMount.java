package dev.nucleus.spec;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A host directory that a container works in, at {@value #TARGET}.
 *
 * @param source absolute
 * @param execute whether programs in it may be run, and its files mapped executable
 */
public record WorkspaceMount(Path source, Access access, boolean execute) {

    public static final String TARGET = "/workspace";

    /** How the container accesses the directory. */
    public enum Access {
        /** The directory itself, writable, as the directory's owner. */
        BIND_RW,
        /** The directory itself, read-only. */
        BIND_RO,
        /** A copy; changes are copied back when the container has ended. */
        COPY_IN_OUT;

        public static Access parse(String text) {
            return Arrays.stream(values())
                    .filter(access -> access.toString().equals(text))
                    .findFirst()
                    .orElseThrow(() -> new InvalidSpecException(
                            "a workspace is bind-rw, bind-ro or copy-in-out; was '" + text + "'"));
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    public WorkspaceMount {
        source = ContextMount.absolute(source);
    }

    public boolean copied() {
        return access == Access.COPY_IN_OUT;
    }

    /**
     * The default of {@code execute}: true in agent mode, where builds and virtual environments live in the workspace.
     */
    public static boolean executableIn(Mode mode) {
        return switch (mode) {
            case AGENT -> true;
            case STRICT_AGENT, PRODUCTION -> false;
        };
    }

    /** Reads {@code /dir[:bind-rw|bind-ro|copy-in-out][:exec|noexec]}. */
    public static WorkspaceMount parse(String text, Mode mode) {
        List<String> parts = List.of(text.split(":", -1));
        String last = parts.size() > 1 ? parts.getLast() : "";
        boolean flagged = last.equals("exec") || last.equals("noexec");
        boolean execute = flagged ? last.equals("exec") : executableIn(mode);
        List<String> rest = flagged ? parts.subList(0, parts.size() - 1) : parts;
        if (rest.size() > 2) {
            throw new InvalidSpecException(
                    "'" + text + "' is not a workspace; write /dir, /dir:copy-in-out or /dir:bind-rw:exec");
        }
        Access access = rest.size() == 2 ? Access.parse(rest.getLast()) : Access.BIND_RW;
        return new WorkspaceMount(Path.of(rest.getFirst()), access, execute);
    }
}
