package dev.nucleus.denial;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.container.Container;
import dev.nucleus.container.LaunchOrder;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.support.Requires;
import dev.nucleus.support.TestManager;
import dev.nucleus.support.TestRootfs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The kernel reports Landlock's denials in audit records; this test enables auditing and restores it afterwards. */
@Tag("isolation")
class LandlockDenialsTest {

    private int before = -1;
    private TestManager manager;

    @BeforeEach
    void start() throws Exception {
        Requires.root();
        before = auditing();
        assertThat(auditing(1)).as("auditing is on").isEqualTo(1);
        manager = TestManager.start();
    }

    @AfterEach
    void stop() throws Exception {
        if (manager != null) {
            manager.close();
        }
        if (before >= 0) {
            assertThat(auditing(before)).as("auditing is restored").isEqualTo(before);
        }
    }

    /** AUDIT_GET of netlink(7), NETLINK_AUDIT. */
    private static int auditing() throws IOException, InterruptedException {
        return audit("");
    }

    private static int auditing(int wanted) throws IOException, InterruptedException {
        return audit("send(S, pack('LSSLL L10', 56, 1001, 1, 2, 0, 1, " + wanted + ", (0) x 8), 0);");
    }

    private static int audit(String first) throws IOException, InterruptedException {
        Process perl = new ProcessBuilder(
                        "/usr/bin/perl",
                        "-e",
                        "socket(S, 16, 3, 9) or die; " + first + " send(S, pack('LSSLL', 16, 1000, 1, 1, 0), 0);"
                                + " do { recv(S, $m, 4096, 0) } until unpack('x4 S', $m) == 1000; print unpack('x20 L', $m)")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String answer = new String(perl.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        perl.waitFor();
        return Integer.parseInt(answer);
    }

    @Test
    void landlockDenialsAreCountedByContainerPathAndProgram(@TempDir Path directory) throws Exception {
        // On a mount without noexec: what the mount itself refuses is not in any audit record.
        Path rootfs = TestRootfs.build(directory.resolve("rootfs"), "/bin/sh", "/bin/sleep");
        Files.createDirectory(rootfs.resolve("srv"));
        Files.copy(Path.of("/bin/true"), rootfs.resolve("srv/run"), StandardCopyOption.COPY_ATTRIBUTES);
        String script = "for i in 1 2 3; do /srv/run; done 2>/dev/null; exec sleep 60";
        ContainerSpec spec = ContainerSpec.builder(Mode.AGENT, List.of("/bin/sh", "-c", script))
                .rootfs(Optional.of(rootfs))
                .build();
        Container container = manager.containers().launch(LaunchOrder.detached(spec));
        Container other = manager.launch("/bin/sleep", "60");

        Awaitility.await("three denials")
                .atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(manager.denials().of(container)).anySatisfy(denial -> {
                    assertThat(denial.attempt()).isEqualTo("fs.execute /srv/run");
                    assertThat(denial.rule()).isEqualTo("landlock");
                    assertThat(denial.program()).isEqualTo("sh");
                    assertThat(denial.count()).isEqualTo(3);
                }));
        assertThat(manager.denials().of(other)).isEmpty();

        manager.containers().stop(container, new StopSpec(Signal.KILL, Duration.ZERO));
        assertThat(manager.denials().of(container))
                .anyMatch(denial -> denial.rule().equals("landlock"));
        // Written by a listener for the container's exit, which a stop doesn't wait for.
        Awaitility.await()
                .untilAsserted(() -> assertThat(container.directory().resolve("landlock.json"))
                        .exists());
    }
}
