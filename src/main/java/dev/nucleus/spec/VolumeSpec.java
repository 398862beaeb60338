package dev.nucleus.spec;

import java.nio.file.Path;
import java.util.Optional;

/**
 * A volume of a fleet: a directory of the host that outlives containers.
 *
 * @param path where on the host; empty: in the manager's state directory
 * @param owner uid and gid that a directory made for it gets; empty: those of the first container that uses it
 */
public record VolumeSpec(String name, Optional<Path> path, Optional<User> owner) {}
