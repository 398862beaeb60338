package dev.nucleus.escape;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A process inside has three descriptors, and none of its supervisor. */
@Tag("isolation")
@ConcurrentEscapeTest
class SupervisorDescriptorsTest {

    @SharedTargets
    private static Targets targets;

    @ParameterizedTest
    @EnumSource(Confinement.class)
    void theWorkloadHasOnlyItsStandardStreams(Confinement confinement) {
        confinement.require();
        for (String user : confinement.users()) {
            Targets.Result result = targets.run(confinement, user(user), Targets.WITNESS, "descriptors");

            assertThat(result.code()).as("as '%s': %s", user, result.text()).isZero();
            assertThat(result.out()).endsWith("inside\n");
        }
    }

    @ParameterizedTest
    @EnumSource(Confinement.class)
    void anExecHasOnlyItsStandardStreams(Confinement confinement) {
        confinement.require();
        String id = targets.launch(confinement, List.of(), "/bin/sleep", "1000");
        // In a container without our init, PID 1 is the workload itself, whose descriptors are its own.
        Targets.Result result = targets.nucleus(
                confinement,
                "exec",
                id,
                "--",
                "/bin/sh",
                "-c",
                "for fd in /proc/self/fd/*; do case $fd in */[012]) ;; *) test -e $fd && ls -l $fd;; esac; done; echo end");
        targets.end(confinement, id);

        // The descriptor by which the shell lists the directory is closed by the time it is tested.
        assertThat(result.text()).isEqualTo("end\n");
    }

    /** From its first instruction on: an init that is dumpable only briefly could be opened. */
    @ParameterizedTest
    @MethodSource("dev.nucleus.escape.Confinement#ofNativeRuntime")
    void noProcessInsideCanOpenTheInit(Confinement confinement) {
        for (String user : confinement.users()) {
            for (int launch = 0; launch < 5; launch++) {
                Targets.Result result = targets.run(confinement, user(user), Targets.WITNESS, "hammer");

                assertThat(result.code()).as("as '%s': %s", user, result.text()).isZero();
            }
        }
    }

    private static List<String> user(String user) {
        return user.isEmpty() ? List.of() : List.of("--user", user);
    }
}
