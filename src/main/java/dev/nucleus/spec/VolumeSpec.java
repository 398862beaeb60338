package dev.nucleus.spec;

import java.nio.file.Path;
import java.util.Optional;

/**
 * A volume of a fleet: a directory of the host that outlives containers.
 *
 * @param path its path on the host; empty: in the manager's state directory
 * @param owner UID and GID of a directory created for it; empty: those of the first container that uses it
 */
public record VolumeSpec(String name, Optional<Path> path, Optional<User> owner) {}
