package dev.nucleus.spec;

import java.nio.file.Path;

/** Paths as seen inside a container. */
public final class ContainerPath {

    private ContainerPath() {}

    /** Requires an absolute, normal path other than {@code /}; returns it without a trailing slash. */
    public static String check(String path) {
        if (!path.startsWith("/") || path.indexOf('\0') >= 0) {
            throw new InvalidSpecException("'" + path + "' must be an absolute path inside the container");
        }
        String normal = Path.of(path).normalize().toString();
        if (normal.equals("/") || !normal.equals(path.endsWith("/") ? path.substring(0, path.length() - 1) : path)) {
            throw new InvalidSpecException(
                    "'" + path + "' must be a normal path inside the container, without '..', '.' or '//', and not /");
        }
        return normal;
    }
}
