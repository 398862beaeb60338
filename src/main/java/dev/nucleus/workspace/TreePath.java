package dev.nucleus.workspace;

import dev.nucleus.kernel.FileName;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.stream.Collectors;

/** The position of a walk, relative to the top of a tree; formatted only when it is reported. Confined to one walk. */
final class TreePath {

    private static final int MAX_LENGTH = 240;

    private final Deque<FileName> names = new ArrayDeque<>();

    void enter(FileName name) {
        names.addLast(name);
    }

    void leave() {
        names.removeLast();
    }

    /** The directories from the top to this position. */
    List<FileName> names() {
        return List.copyOf(names);
    }

    /** The number of directories below the top. */
    int depth() {
        return names.size();
    }

    /** The path of an entry with this name; if it is too long, only its end. */
    String of(FileName name) {
        return names.isEmpty() ? shortened(name.toString()) : shortened(joined() + "/" + name);
    }

    private String joined() {
        return names.stream().map(FileName::toString).collect(Collectors.joining("/"));
    }

    private static String shortened(String path) {
        return path.length() <= MAX_LENGTH ? path : "…" + path.substring(path.length() - MAX_LENGTH);
    }

    @Override
    public String toString() {
        return shortened(joined());
    }
}
