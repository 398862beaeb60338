package dev.nucleus.escape;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A workload that runs as root owns the host's /dev/null, which is its standard input and covers its masked files;
 * gVisor changes the owner of its standard input to its own user.
 */
@Tag("isolation")
@ConcurrentEscapeTest
class HostDeviceTest {

    private static final Path NULL = Path.of("/dev/null");
    private static final String ATTRIBUTES = "unix:mode,uid,gid,lastModifiedTime";
    private static final int EVERYBODYS = 0666;

    private static final String CHANGE =
            "for f in /proc/self/fd/* /proc/kcore /proc/keys /proc/timer_list; do chmod 000 $f; touch -t 200001010000 $f; done"
                    + " 2>/dev/null; echo tried";

    @SharedTargets
    private static Targets targets;

    @ParameterizedTest
    @EnumSource(Confinement.class)
    void aWorkloadCannotChangeTheHostsNullDevice(Confinement confinement) throws IOException {
        confinement.require();
        Map<String, Object> before = Files.readAttributes(NULL, ATTRIBUTES);
        try {
            for (String user : confinement.users()) {
                String id = targets.launch(
                        confinement,
                        user.isEmpty() ? List.of() : List.of("--user", user),
                        "/bin/sh",
                        "-c",
                        CHANGE + "; exec sleep 1000");
                targets.awaitOutput(confinement, id, "tried");
                Targets.Result inside = targets.nucleus(confinement, "exec", "-n", id, "--", "/bin/sh", "-c", CHANGE);
                targets.end(confinement, id);

                assertThat(inside.out()).as(inside.text()).isEqualTo("tried\n");
                assertThat(Files.readAttributes(NULL, ATTRIBUTES))
                        .as("as '%s'", user)
                        .isEqualTo(before);
            }
        } finally {
            Files.setAttribute(NULL, "unix:mode", EVERYBODYS);
            Files.setAttribute(NULL, "unix:uid", before.get("uid"));
            Files.setAttribute(NULL, "unix:gid", before.get("gid"));
        }
    }
}
