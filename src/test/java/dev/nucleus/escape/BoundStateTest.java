package dev.nucleus.escape;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Access to the manager's command socket means control of the manager, and access to its state directory means control
 * of its records and its spawner. No directory that contains them, or lies in them, can be bound or copied into a
 * container, under any name.
 */
@Tag("isolation")
@ConcurrentEscapeTest
class BoundStateTest {

    @SharedTargets
    private static Targets targets;

    private final List<Path> mounts = new ArrayList<>();

    @AfterEach
    void unmount() throws IOException {
        for (Path mount : mounts.reversed()) {
            Command.run("umount", mount.toString());
        }
    }

    /** How a directory of the host gets into a container. */
    enum Kind {
        VOLUME("-v", ":/data"),
        VOLUME_READ_ONLY("-v", ":/data:ro"),
        WORKSPACE("--workspace", ""),
        WORKSPACE_READ_ONLY("--workspace", ":bind-ro"),
        WORKSPACE_COPIED("--workspace", ":copy-in-out"),
        CONTEXT_BOUND("--context", ":bind"),
        CONTEXT_COPIED("--context", "");

        private final String option;
        private final String suffix;

        Kind(String option, String suffix) {
            this.option = option;
            this.suffix = suffix;
        }

        List<String> options(Path source) {
            return List.of(option, source + suffix);
        }
    }

    /** The name by which the directory is requested; each constant returns the source to request. */
    enum Name {
        ITSELF,
        ABOVE,
        WITHIN,
        LINK,
        LINK_ABOVE,
        ALIAS,
        ALIAS_ABOVE,
        MOUNT_BELOW;

        Path source(Path secret, Path scratch, BoundStateTest test) throws IOException {
            Path above = Objects.requireNonNull(secret.getParent());
            return switch (this) {
                case ITSELF -> secret;
                case ABOVE -> above;
                case WITHIN -> {
                    try (Stream<Path> entries = Files.list(secret)) {
                        yield entries.filter(Files::isDirectory).findFirst().orElseThrow();
                    }
                }
                case LINK -> Files.createSymbolicLink(scratch.resolve("link"), secret);
                case LINK_ABOVE ->
                    Files.createSymbolicLink(scratch.resolve("link"), above)
                            .resolve(Objects.requireNonNull(secret.getFileName()));
                case ALIAS -> test.alias(secret, scratch.resolve("alias"));
                case ALIAS_ABOVE ->
                    test.alias(above, scratch.resolve("alias")).resolve(Objects.requireNonNull(secret.getFileName()));
                case MOUNT_BELOW -> {
                    test.alias(
                            secret,
                            Files.createDirectory(scratch.resolve("outer")).resolve("inner"));
                    yield scratch.resolve("outer");
                }
            };
        }
    }

    private Path alias(Path of, Path place) throws IOException {
        Files.createDirectories(place);
        Command.run("mount", "--bind", of.toString(), place.toString());
        mounts.add(place);
        return place;
    }

    static Stream<Arguments> ways() {
        return Stream.of(Confinement.AGENT, Confinement.GVISOR_AGENT, Confinement.ROOTLESS)
                .flatMap(confinement -> Stream.of(Kind.values())
                        .filter(kind -> confinement == Confinement.AGENT
                                || kind == Kind.VOLUME
                                || kind == Kind.WORKSPACE
                                || confinement == Confinement.ROOTLESS)
                        .flatMap(kind -> Stream.of(Name.values()).map(name -> Arguments.of(confinement, kind, name))));
    }

    @ParameterizedTest
    @MethodSource("ways")
    void theManagersDirectoriesAreRefusedByAnyName(Confinement confinement, Kind kind, Name name) throws IOException {
        confinement.require();
        Path state = targets.state(confinement);
        Path run = Objects.requireNonNull(targets.socket(confinement).getParent());
        for (Path secret : List.of(state, run)) {
            Path source = name.source(secret, targets.volume(confinement), this);

            Targets.Result result = targets.run(confinement, kind.options(source), Targets.WITNESS, "say", "here");

            assertThat(result.out()).as("%s of %s", kind, source).doesNotContain("here");
            assertThat(result.code()).isNotZero();
            assertThat(result.err())
                    .as("names the source, and the manager's directory or the link")
                    .contains(source.toString())
                    .satisfiesAnyOf(
                            text -> assertThat(text).contains(state.toString()),
                            text -> assertThat(text).contains(run.toString()),
                            // Links that others could have made are refused wherever they lead.
                            text -> assertThat(text).contains("symbolic link"));
        }
    }

    /** A secret is a file: no file in the state directory can be one, nor one named through a link to the directory. */
    @ParameterizedTest
    @EnumSource(
            value = Confinement.class,
            names = {"AGENT", "GVISOR_AGENT", "ROOTLESS"})
    void noFileOfTheManagersStateCanBeASecret(Confinement confinement) throws IOException {
        confinement.require();
        Path state = targets.state(confinement);
        Path scratch = targets.volume(confinement);
        List<Path> sources = List.of(
                state.resolve(Targets.MARKER),
                Files.createSymbolicLink(scratch.resolve("link"), state).resolve(Targets.MARKER),
                alias(state, scratch.resolve("alias")).resolve(Targets.MARKER));
        for (Path source : sources) {
            Targets.Result result =
                    targets.run(confinement, List.of("--secret", source + ":word"), "/bin/cat", "/run/secrets/word");

            assertThat(result.out()).as("%s", source).doesNotContain("the host's");
            assertThat(result.code()).isNotZero();
            assertThat(result.err())
                    .contains(source.toString())
                    // Links that others could have made are refused wherever they lead.
                    .satisfiesAnyOf(
                            text -> assertThat(text).contains(state.toString()),
                            text -> assertThat(text).contains("symbolic link"));
        }
    }

    /** Directories beside the manager's own can be used. */
    @ParameterizedTest
    @EnumSource(
            value = Confinement.class,
            names = {"AGENT", "GVISOR_AGENT", "ROOTLESS"})
    void directoriesBesideTheManagersAreAccepted(Confinement confinement) {
        confinement.require();
        Path volume = targets.volume(confinement);

        for (Kind kind : Kind.values()) {
            Targets.Result result = targets.run(confinement, kind.options(volume), Targets.WITNESS, "say", "here");

            assertThat(result.out()).as("%s: %s", kind, result).isEqualTo("here\n");
        }
    }
}
