package dev.nucleus.escape;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A workload that is root on disk, or the manager's own user, replaces a directory of its volume by a link. A container
 * that is then launched with that directory gets nothing from where the link leads.
 */
@Tag("isolation")
@ConcurrentEscapeTest
class LinkedSourceTest {

    @SharedTargets
    private static Targets targets;

    /** The owner of the directory above can move it to a place where its link leads somewhere else. */
    @Test
    void rootsLinkInADirectoryThatOthersCanMoveIsNotFollowed() throws IOException {
        Path theirs = targets.volume(Confinement.AGENT);
        Path ofRoot = Files.createDirectory(theirs.resolve("of-root"));
        Path link = Files.createSymbolicLink(ofRoot.resolve("run"), targets.rootfs());

        Targets.Result result =
                targets.run(Confinement.AGENT, List.of("-v", link + ":/data"), Targets.WITNESS, "say", "here");

        assertThat(result.out()).doesNotContain("here");
        assertThat(result.err()).contains("'run' is a symbolic link of user 0 in a directory of user 0");
    }

    @ParameterizedTest
    @EnumSource(
            value = Confinement.class,
            names = {"AGENT", "GVISOR_AGENT", "ROOTLESS"})
    void aSourceThatAContainerReplacedByALinkIsRefused(Confinement confinement) throws IOException {
        confinement.require();
        Path elsewhere = targets.volume(confinement);
        Files.writeString(elsewhere.resolve("word"), "the host's");
        Path project = targets.volume(confinement);
        // Writable only for its owner, the manager's user.
        Files.setAttribute(project, "unix:mode", 0755);
        List<String> user = confinement.isRootless() ? List.of() : List.of("--user", "0:0");
        var options = new ArrayList<>(user);
        options.addAll(List.of("-v", project + ":/data"));

        Targets.Result planted =
                targets.run(confinement, options, "/bin/ln", "-s", elsewhere.toString(), "/data/cache");

        assertThat(planted.code()).as(planted.text()).isZero();
        assertThat(project.resolve("cache")).isSymbolicLink();
        for (BoundStateTest.Kind kind : BoundStateTest.Kind.values()) {
            // With a root manager, the link is tried only as a volume beside its directory, as when a service restarts.
            if (!confinement.isRootless() && kind != BoundStateTest.Kind.VOLUME) {
                continue;
            }
            var again = new ArrayList<>(kind.options(project.resolve("cache")));
            again.addAll(List.of("-v", project + ":/whole"));

            Targets.Result result = targets.run(confinement, again, Targets.WITNESS, "say", "here");

            assertThat(result.out()).as("%s: %s", kind, result.text()).doesNotContain("here");
            assertThat(result.code()).isNotZero();
            assertThat(result.err()).contains("is a symbolic link");
        }
        if (!confinement.isRootless()) {
            return;
        }
        Targets.Result secret = targets.run(
                confinement,
                List.of("--secret", project.resolve("cache/word") + ":word"),
                "/bin/cat",
                "/run/secrets/word");
        assertThat(secret.out()).as(secret.text()).doesNotContain("the host's");
    }

    /** Through the link, another volume would cover files that the container's supervisor put in /run. */
    @ParameterizedTest
    @MethodSource("dev.nucleus.escape.Confinement#ofNativeRuntime")
    void aLinkInAVolumeDoesNotRedirectAnotherMount(Confinement confinement) throws IOException {
        Path outer = targets.volume(confinement);
        Path inner = targets.volume(confinement);
        Targets.Result planted =
                targets.run(confinement, List.of("-v", outer + ":/data"), "/bin/ln", "-s", "/run", "/data/sub");
        assertThat(planted.code()).as(planted.text()).isZero();

        // Also read-only: another container may have planted the link.
        for (String access : List.of("", ":ro")) {
            var both = List.of("-v", outer + ":/data" + access, "-v", inner + ":/data/sub/inner");
            Targets.Result refused = targets.run(confinement, both, Targets.WITNESS, "say", "here");

            assertThat(refused.out()).as(refused.text()).doesNotContain("here");
            assertThat(refused.err())
                    .contains("/data/sub/inner")
                    .contains("its mount point, or a directory above it, is a symbolic link");
        }
        Files.delete(outer.resolve("sub"));
        assertThat(targets.run(
                                confinement,
                                List.of("-v", outer + ":/data", "-v", inner + ":/data/sub/inner"),
                                Targets.WITNESS,
                                "say",
                                "here")
                        .text())
                .as("without the link, both volumes are mounted")
                .isEqualTo("here\n");
    }
}
