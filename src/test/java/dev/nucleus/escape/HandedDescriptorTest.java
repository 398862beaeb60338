package dev.nucleus.escape;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Two containers that share a directory pass descriptors through a socket in it (unix(7), SCM_RIGHTS). The receiver
 * must not gain rights over the sender's file that the sender lacks, nor keep the sender running.
 */
@Tag("isolation")
@ConcurrentEscapeTest
class HandedDescriptorTest {

    private static final int SET_ID_BITS = 06000;

    @SharedTargets
    private static Targets targets;

    /** gVisor doesn't support sockets on the host's filesystems. */
    static Stream<Confinement> withSocketsOfTheHost() {
        return Stream.of(Confinement.values()).filter(confinement -> !confinement.isGvisor());
    }

    /** Both containers run as the same user; otherwise the second could not connect to the first one's socket. */
    private static List<List<String>> users(Confinement confinement) {
        return confinement.isRootless()
                ? List.of(List.of())
                : List.of(List.of("--user", "200001:200001"), List.of("--user", "0:0"));
    }

    @ParameterizedTest
    @MethodSource("withSocketsOfTheHost")
    void aContainerWithAReadOnlyMountCannotMakeAReceivedFileSetUserId(Confinement confinement) throws IOException {
        confinement.require();
        for (List<String> who : users(confinement)) {
            Path volume = targets.volume(confinement);
            String owner = targets.launch(
                    confinement,
                    with(who, "-v", volume + ":/data"),
                    Targets.WITNESS,
                    "hand",
                    "/data/file",
                    "/data/socket");

            Targets.Result taken = targets.run(
                    confinement,
                    with(who, "-v", volume + ":/data:ro"),
                    Targets.WITNESS,
                    "take",
                    "/data/socket",
                    "bits");

            assertThat(taken.code()).as("%s: %s", who, taken.text()).isZero();
            assertThat((int) Files.getAttribute(volume.resolve("file"), "unix:mode") & SET_ID_BITS)
                    .as("bits, %s", who)
                    .isZero();
            Awaitility.await().until(() -> hasStopped(confinement, owner));
            assertThat(targets.nucleus(confinement, "rm", owner).code()).isZero();
        }
    }

    /** Output that another process writes after PID 1 has exited is not the container's. */
    @ParameterizedTest
    @MethodSource("withSocketsOfTheHost")
    void aPassedOutputPipeDoesNotKeepAnExitedContainerRunning(Confinement confinement) {
        confinement.require();
        List<String> mount = with(users(confinement).getFirst(), "-v", targets.volume(confinement) + ":/data");
        String lender = targets.launch(confinement, mount, Targets.WITNESS, "lend", "/data/socket");
        String writer = targets.launch(confinement, mount, Targets.WITNESS, "take", "/data/socket", "flood");

        Awaitility.await("the container stops when its PID 1 exits").until(() -> hasStopped(confinement, lender));

        assertThat(targets.nucleus(confinement, "logs", writer).out()).isEqualTo("floods\n");
        assertThat(targets.nucleus(confinement, "rm", lender).code()).isZero();
        Awaitility.await("the writer stops without a reader").until(() -> hasStopped(confinement, writer));
        assertThat(targets.nucleus(confinement, "rm", writer).code()).isZero();
    }

    private static boolean hasStopped(Confinement confinement, String id) {
        return targets.nucleus(confinement, "ps", "-a")
                .out()
                .lines()
                .anyMatch(line -> line.startsWith(id.substring(0, 8)) && line.contains("stopped"));
    }

    private static List<String> with(List<String> first, String... more) {
        return Stream.concat(first.stream(), Stream.of(more)).toList();
    }
}
