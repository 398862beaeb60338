package dev.nucleus.escape;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.OrdinaryUser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Files that a container leaves in a volume, a workspace or a copy grant nobody on the host another user's rights. */
@Tag("isolation")
@ConcurrentEscapeTest
class SetUserIdFileTest {

    private static final int SET_ID_BITS = 06000;

    @SharedTargets
    private static Targets targets;

    private static List<Path> below(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> !file.equals(directory)).toList();
        }
    }

    private static int attribute(Path file, String name) {
        try {
            return (int) Files.getAttribute(file, "unix:" + name, LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Targets.Result make(Confinement confinement, String user, List<String> mount, String target) {
        var options = new ArrayList<>(mount);
        if (!user.isEmpty()) {
            options.addAll(List.of("--user", user));
        }
        return targets.run(confinement, options, Targets.WITNESS, "bits", target);
    }

    @ParameterizedTest
    @EnumSource(Confinement.class)
    void noFileInAVolumeIsSetUserId(Confinement confinement) throws IOException {
        confinement.require();
        for (String user : confinement.users()) {
            Path volume = targets.volume(confinement);

            Targets.Result made = make(confinement, user, List.of("-v", volume + ":/data"), "/data");

            assertThat(made.code()).as(made.text()).isZero();
            assertThat(below(volume))
                    .as("as '%s': %s", user, made.text())
                    .isNotEmpty()
                    .allSatisfy(file -> assertThat(attribute(file, "mode") & SET_ID_BITS)
                            .as("bits of %s", file)
                            .isZero());
        }
    }

    @ParameterizedTest
    @EnumSource(Confinement.class)
    void noFileInAWorkspaceIsSetUserId(Confinement confinement) throws IOException {
        confinement.require();
        for (String access : List.of("bind-rw", "copy-in-out")) {
            Path workspace = targets.volume(confinement);
            Files.setAttribute(workspace, "unix:uid", OrdinaryUser.ID);
            Files.setAttribute(workspace, "unix:gid", OrdinaryUser.ID);

            Targets.Result made = make(confinement, "", List.of("--workspace", workspace + ":" + access), "/workspace");

            assertThat(made.code()).as(made.text()).isZero();
            assertThat(below(workspace))
                    .as("%s: %s", access, made.text())
                    .isNotEmpty()
                    .allSatisfy(file -> assertThat(attribute(file, "mode") & SET_ID_BITS)
                            .as("bits of %s", file)
                            .isZero());
        }
    }

    static Stream<Confinement> confinementsThatMapRoot() {
        return Stream.of(Confinement.values()).filter(Confinement::mapsRoot);
    }

    /** Root inside a user namespace is not root on disk either. */
    @ParameterizedTest
    @MethodSource("confinementsThatMapRoot")
    void filesOfRootInsideDoNotBelongToTheHostsRoot(Confinement confinement) throws IOException {
        Path volume = targets.volume(confinement);

        Targets.Result made = make(confinement, "0:0", List.of("-v", volume + ":/data"), "/data");

        assertThat(made.code()).as(made.text()).isZero();
        assertThat(below(volume)).isNotEmpty().allSatisfy(file -> {
            assertThat(attribute(file, "uid")).as("owner of %s", file).isNotZero();
            assertThat(attribute(file, "gid")).as("group of %s", file).isNotZero();
        });
    }

    /** The next container has the same users on the volume. */
    @ParameterizedTest
    @MethodSource("confinementsThatMapRoot")
    void filesOfRootInsideBelongToRootInsideTheNextContainer(Confinement confinement) {
        var mount = List.of("-v", targets.volume(confinement) + ":/data", "--user", "0:0");
        Targets.Result first =
                targets.run(confinement, mount, "/bin/sh", "-c", "echo kept > /data/file && touch /data/other");

        Targets.Result second =
                targets.run(confinement, mount, "/bin/sh", "-c", "cat /data/file && echo more >> /data/file");

        assertThat(first.code()).as(first.text()).isZero();
        assertThat(second.text()).isEqualTo("kept\n");
        assertThat(second.code()).isZero();
    }

    /** Root inside can neither read nor change a file of the host's root in a volume. */
    @ParameterizedTest
    @MethodSource("confinementsThatMapRoot")
    void aFileOfTheHostsRootIsInaccessibleToRootInside(Confinement confinement) throws IOException {
        Path volume = targets.volume(confinement);
        Path file = Files.writeString(volume.resolve("file"), "the host's");
        Files.setAttribute(file, "unix:mode", 0600);

        Targets.Result result = targets.run(
                confinement,
                List.of("-v", volume + ":/data", "--user", "0:0"),
                "/bin/sh",
                "-c",
                "cat /data/file; echo changed > /data/file; true");

        assertThat(result.out()).doesNotContain("the host's");
        assertThat(file).hasContent("the host's");
        assertThat(attribute(file, "mode")).isEqualTo(0100600);
    }
}
