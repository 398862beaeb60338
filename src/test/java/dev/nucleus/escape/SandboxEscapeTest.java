package dev.nucleus.escape;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.rootfs.RootfsAttestation;
import dev.nucleus.support.Remains;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * gVisor's runtime runs as the host's root and sets up the container by path. It must not run programs that a container
 * put there, nor follow links to the host's own directories.
 */
@Tag("isolation")
@ConcurrentEscapeTest
class SandboxEscapeTest {

    private static final String SECRET = "only for the host's root";

    @SharedTargets
    private static Targets targets;

    /** A directory of the host's root, whose path also exists in the container's root filesystem. */
    private Path victim;

    @BeforeEach
    void makeVictim() throws IOException {
        victim = Files.createTempDirectory(Path.of("/srv"), "nucleus-victim-");
        Files.setAttribute(victim, "unix:mode", 0755);
        Path inner = Files.createDirectory(victim.resolve("inner"));
        Path file = Files.writeString(inner.resolve("file"), SECRET);
        Files.setAttribute(file, "unix:mode", 0600);
    }

    @AfterEach
    void removeVictim() throws IOException {
        Remains.delete(victim);
        Remains.delete(targets.rootfs().resolve("srv"));
    }

    private void assertUntouched() throws IOException {
        Path file = victim.resolve("inner/file");
        assertThat(file).hasContent(SECRET);
        assertThat(Files.getAttribute(file, "unix:mode")).isEqualTo(0100600);
        try (Stream<Path> entries = Files.walk(victim)) {
            assertThat(entries).containsExactlyInAnyOrder(victim, victim.resolve("inner"), file);
        }
    }

    static Stream<Arguments> confinementsAndTargets() {
        return Confinement.ofGvisor().stream()
                .flatMap(confinement -> Stream.of("/run", "/run/nucleus", "/run/nucleus/relay", "/run/../run/nucleus")
                        .map(target -> Arguments.of(confinement, target)));
    }

    /** The program that reports the start to the supervisor is always the supervisor's own. */
    @ParameterizedTest
    @MethodSource("confinementsAndTargets")
    void aProgramThatTheContainerPutInPlaceOfTheRelayNeverRuns(Confinement confinement, String target)
            throws IOException {
        confinement.require();
        Path volume = targets.volume(confinement);
        Path mark = targets.volume(confinement).resolve("ran-on-the-host");
        Path program = volume.resolve("program");
        Files.writeString(program, "#!/bin/sh\ntouch " + mark + "\n");
        Files.setAttribute(program, "unix:mode", 0755);
        Path source = switch (target) {
            case "/run" -> {
                Files.createDirectory(volume.resolve("nucleus"));
                Files.copy(program, volume.resolve("nucleus/relay"));
                Files.setAttribute(volume.resolve("nucleus/relay"), "unix:mode", 0755);
                yield volume;
            }
            case "/run/nucleus/relay" -> program;
            default -> {
                Files.copy(program, volume.resolve("relay"));
                Files.setAttribute(volume.resolve("relay"), "unix:mode", 0755);
                yield volume;
            }
        };

        Targets.Result result =
                targets.run(confinement, List.of("-v", source + ":" + target), Targets.WITNESS, "say", "here");

        assertThat(mark).as(result.text()).doesNotExist();
        assertThat(result.code() == 0 ? result.out() : "refused: " + result.err())
                .as("the container runs, or the error names the mount")
                .satisfiesAnyOf(
                        text -> assertThat(text).isEqualTo("here\n"),
                        text -> assertThat(text).contains("/run"));
    }

    /** Through a link in the root filesystem that leads to the host's directory if it is resolved on the host. */
    @ParameterizedTest
    @MethodSource("dev.nucleus.escape.Confinement#ofGvisor")
    void aVolumeBelowALinkInTheRootFilesystemDoesNotReachTheHost(Confinement confinement) throws IOException {
        confinement.require();
        Path link = targets.rootfs().resolve("opt");
        try {
            Files.createDirectories(targets.rootfs().resolve(victim.toString().substring(1) + "/inner"));
            Files.createSymbolicLink(link, victim);
            RootfsAttestation.attest(targets.rootfs());

            attack(confinement, List.of("-v", targets.volume(confinement) + ":/opt/inner"), "/opt/inner");
        } finally {
            Files.deleteIfExists(link);
            Remains.delete(targets.rootfs().resolve("srv"));
            RootfsAttestation.attest(targets.rootfs());
        }
    }

    /** Through a link by which the workload replaced a directory of its volume, above the mount point of another. */
    @ParameterizedTest
    @MethodSource("dev.nucleus.escape.Confinement#ofGvisor")
    void aVolumeBelowALinkInAnotherVolumeDoesNotReachTheHost(Confinement confinement) throws IOException {
        confinement.require();
        try {
            Files.createDirectories(targets.rootfs().resolve(victim.toString().substring(1) + "/inner"));
            RootfsAttestation.attest(targets.rootfs());
            Path outer = targets.volume(confinement);
            Path inner = targets.volume(confinement);
            var volumes = List.of("-v", outer + ":/data", "-v", inner + ":/data/sub/inner");
            Targets.Result first = targets.run(
                    confinement,
                    volumes,
                    "/bin/sh",
                    "-c",
                    "mv /data/sub /data/was 2>/dev/null; test -e /data/was || echo kept");
            if (first.code() == 0 && !Files.exists(outer.resolve("was"), LinkOption.NOFOLLOW_LINKS)) {
                // The directory is busy while both volumes are mounted; a container without the inner one can move it.
                Files.setAttribute(outer.resolve("sub"), "unix:mode", 0777);
                targets.run(confinement, List.of("-v", outer + ":/data"), "/bin/mv", "/data/sub", "/data/was");
            }
            Targets.Result planted = targets.run(
                    confinement, List.of("-v", outer + ":/data"), "/bin/ln", "-s", victim.toString(), "/data/sub");
            assertThat(planted.code()).as(planted.text()).isZero();
            assertThat(Files.readSymbolicLink(outer.resolve("sub"))).isEqualTo(victim);

            attack(confinement, volumes, "/data/sub/inner");
        } finally {
            Remains.delete(targets.rootfs().resolve("srv"));
            RootfsAttestation.attest(targets.rootfs());
        }
    }

    /** Attacks as each user: the file server opens files as the host's root. */
    private void attack(Confinement confinement, List<String> volumes, String place) throws IOException {
        for (String user : confinement.users()) {
            var options = new ArrayList<>(volumes);
            if (!user.isEmpty()) {
                options.addAll(List.of("--user", user));
            }
            Targets.Result result = targets.run(
                    confinement,
                    options,
                    "/bin/sh",
                    "-c",
                    "cat " + place + "/file; echo overwritten > " + place + "/file; echo new > " + place
                            + "/new; true");

            assertThat(result.text()).as("as '%s'", user).doesNotContain(SECRET);
            assertUntouched();
        }
    }
}
