package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.denial.Denial;
import dev.nucleus.log.ContainerLog;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import dev.nucleus.text.VisibleText;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** Control characters in a workload's output and names have no effect in logs and pages. */
@Tag("isolation")
@ExtendWith(OutputCaptureExtension.class)
class HostileTextTest {

    private static final String HOSTILE = "\u001b[2J\u202e\u0007";

    @SharedManager
    private static TestManager manager;

    private static Container launch(String... command) {
        return manager.containers().launch(LaunchOrder.detached(ContainerSpec.of(Mode.AGENT, List.of(command))));
    }

    @Test
    void aPreStopCommandCannotForgeLogLines(CapturedOutput output) {
        Container container = launch("/bin/sleep", "1000");

        manager.containers()
                .stop(
                        container,
                        new StopSpec(
                                Signal.KILL,
                                Duration.ofSeconds(2),
                                List.of(
                                        "/bin/sh",
                                        "-c",
                                        "printf 'no\\n2026-11-29T00:00:00Z ERROR forged \\033[2J'; exit 3")));

        assertThat(output.getAll())
                .contains("': its pre-stop command failed: exit code 3: no 2026-11-29T00:00:00Z ERROR forged"
                        + " \\x1b[2J");
        assertThat(output.getAll().lines()).noneMatch(line -> line.startsWith("2026-11-29T00:00:00Z ERROR forged"));
        manager.containers().remove(container);
    }

    @Test
    void aContainersPageContainsNoInvisibleCharacters() {
        Container container = launch(
                "/bin/sh", "-c", "printf '\\033[31mred\\033[0m \\342\\200\\256turned\\n'; exec sleep 1000", HOSTILE);
        Awaitility.await().until(() -> log(container).contains("turned"));

        String page = manager.get("/containers/" + container.id()).body();

        assertThat(VisibleText.lines(page)).as("nothing is left to escape").isEqualTo(page);
        assertThat(page).contains("red \\u202eturned").contains("\\x1b[2J\\u202e\\x07");
        assertThat(manager.get("/").body()).contains("\\x1b[2J\\u202e").doesNotContain("\u202e");
        manager.containers().stop(container, new StopSpec(Signal.KILL, Duration.ZERO));
        manager.containers().remove(container);
    }

    private static String log(Container container) throws IOException {
        return String.join(
                "\n",
                container.log().tail(10).lines().stream()
                        .map(ContainerLog.Line::text)
                        .toList());
    }

    @Test
    void invisibleCharactersInDenialsAndNotificationsAreEscaped() {
        assertThat(new Denial(
                        "a\u202e", "fs.write_file /tmp/\n" + HOSTILE, "landlock", "", 1, Instant.EPOCH, Instant.EPOCH))
                .satisfies(denial -> assertThat(denial.program()).isEqualTo("a\\u202e"))
                .satisfies(denial ->
                        assertThat(denial.attempt()).isEqualTo("fs.write_file /tmp/\\x0a\\x1b[2J\\u202e\\x07"));
        var notices = new NotifyState();
        notices.accept("STATUS=at work " + HOSTILE);
        assertThat(notices.snapshot().status()).isEqualTo("at work \\x1b[2J\\u202e\\x07");
    }
}
