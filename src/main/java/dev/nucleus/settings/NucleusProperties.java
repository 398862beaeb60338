package dev.nucleus.settings;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * Locations of the manager's files.
 *
 * @param fleets fleet file, or directory of fleet files
 * @param stateDir directory of data that survives a reboot: records and logs of containers, volumes. Default:
 *     /var/lib/nucleus, or $XDG_STATE_HOME/nucleus for an ordinary user
 * @param runDir directory of sockets. Default: /run/nucleus, or $XDG_RUNTIME_DIR/nucleus
 * @param spawnerSocket socket of a spawner that was started separately; empty: the manager starts its own
 */
@ConfigurationProperties("nucleus")
public record NucleusProperties(
        @Nullable Path fleets,
        @Nullable Path stateDir,
        @Nullable Path runDir,
        @Nullable Path spawnerSocket) {

    public Optional<Path> fleetFiles() {
        return Optional.ofNullable(fleets);
    }

    public Optional<Path> externalSpawner() {
        return Optional.ofNullable(spawnerSocket);
    }

    /** The state directory, absolute. */
    public Path state() {
        return (stateDir != null ? stateDir : defaults().state())
                .toAbsolutePath()
                .normalize();
    }

    /** The directory of sockets, absolute. */
    public Path run() {
        return (runDir != null ? runDir : defaults().run()).toAbsolutePath().normalize();
    }

    record Defaults(Path state, Path run) {}

    private static Defaults defaults() {
        return defaults(System.getProperty("user.name"), Path.of(System.getProperty("user.home")), System.getenv());
    }

    static Defaults defaults(String user, Path home, Map<String, String> environment) {
        if (user.equals("root")) {
            return new Defaults(Path.of("/var/lib/nucleus"), Path.of("/run/nucleus"));
        }
        Path state = Optional.ofNullable(environment.get("XDG_STATE_HOME"))
                .map(Path::of)
                .orElse(home.resolve(".local/state"))
                .resolve("nucleus");
        Path run = Optional.ofNullable(environment.get("XDG_RUNTIME_DIR"))
                .map(directory -> Path.of(directory, "nucleus"))
                .orElse(state.resolve("run"));
        return new Defaults(state, run);
    }
}
