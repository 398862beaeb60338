package dev.nucleus.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.ManagerProcess.Result;
import dev.nucleus.support.Requires;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A user's terminal, simulated by script(1), that a command in a container uses. */
@Tag("isolation")
class TerminalCommandsTest {

    @TempDir
    private static Path directory;

    private static ManagerProcess manager;

    @BeforeAll
    static void start() throws IOException {
        Requires.root();
        manager = new ManagerProcess(directory).awaitReady();
    }

    @AfterAll
    static void stop() {
        if (manager != null) {
            manager.close();
        }
    }

    /** Runs a script in a terminal; {@code nucleus} in it is the client. */
    private static Process terminal(String script) throws IOException {
        String nucleus = ManagerProcess.CLIENT + " --socket " + manager.socket();
        return new ProcessBuilder(
                        "script",
                        "--quiet",
                        "--return",
                        "--echo",
                        "never",
                        "--command",
                        "stty rows 33 cols 101; " + script.replace("nucleus", nucleus),
                        "/dev/null")
                .redirectErrorStream(true)
                .start();
    }

    private static void type(Process terminal, String keys) throws IOException {
        terminal.getOutputStream().write(keys.getBytes(StandardCharsets.UTF_8));
        terminal.getOutputStream().flush();
    }

    private static String shown(Process terminal) throws IOException {
        String shown = new String(terminal.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        terminal.getOutputStream().close();
        return shown;
    }

    private static String inTerminal(String script) throws IOException {
        return shown(terminal(script));
    }

    @Test
    void aCommandSeesTheUsersTerminal() throws IOException {
        assertThat(
                        inTerminal(
                                "TERM=vt220 nucleus run -t -- /bin/sh -c 'stty size; echo $TERM; test -t 1 && exit 5'; echo $?"))
                .contains("33 101", "vt220", "5\r\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ABRT", "SEGV"})
    void aClientThatCrashesRestoresTheTerminal(String signal) throws Exception {
        // While it is in raw mode, which a background process can see.
        String crash =
                "(until client=$(pgrep -P $$ ^nucl) && stty -a < /dev/tty | grep -q -e -icanon; do sleep 0.05; done;"
                        + " kill -" + signal + " $client) & ";

        assertThat(inTerminal(("stty -g > %1$s/a; " + crash + "nucleus run -t -- /bin/sleep 1000; stty -g > %1$s/b; "
                                + "cmp %1$s/a %1$s/b && echo same")
                        .formatted(directory)))
                .contains("same");
    }

    @Test
    void theTerminalIsRestoredAfterwards() throws IOException {
        String shown = inTerminal(
                "stty -g > %1$s/a; nucleus run -t -- /bin/true; stty -g > %1$s/b; cmp %1$s/a %1$s/b && echo same"
                        .formatted(directory));

        assertThat(shown).contains("same");
    }

    @Test
    void anExecCanHaveATerminal() throws IOException {
        String id =
                manager.nucleus("run", "-d", "--", "/bin/sleep", "100").out().strip();

        assertThat(inTerminal("nucleus exec -t -e WORD=given " + id + " -- /bin/sh -c 'stty size; echo $WORD'"))
                .contains("33 101", "given");

        manager.nucleus("stop", id);
        manager.nucleus("rm", id);
    }

    @Test
    void theTerminalOptionNeedsATerminal() throws IOException {
        Result result = manager.nucleus("run", "-t", "--", "/bin/true");

        assertThat(result.code()).isEqualTo(125);
        assertThat(result.err()).contains("-t needs a terminal as standard input");
    }

    @Test
    void anAttachedClientReadsAndWritesAndCanDetach() throws IOException {
        String id = manager.nucleus(
                        "run", "-d", "-i", "-t", "--", "/bin/sh", "-c", "while read x; do echo heard $x; done")
                .out()
                .strip();

        Process terminal = terminal("nucleus attach -t " + id + "; echo left $?");
        type(terminal, "one\n");
        Awaitility.await("the client is attached")
                .atMost(Duration.ofSeconds(20))
                .until(() -> manager.nucleus("logs", id).out().contains("heard one"));
        type(terminal, "\u0010\u0011");

        assertThat(shown(terminal)).contains("left 0");
        assertThat(manager.nucleus("ps", "-q").out()).contains(id);
        assertThat(manager.nucleus("logs", id).out()).contains("heard one");
        manager.nucleus("stop", id);
        manager.nucleus("rm", id);
    }

    @Test
    void attachingToPipesForwardsTheEndOfInputAndTheExitCode() throws IOException {
        String id = manager.nucleus("run", "-d", "-i", "--", "/bin/sh", "-c", "cat; exit 9")
                .out()
                .strip();

        Process client = manager.start("attach", id);
        try (OutputStream input = client.getOutputStream()) {
            input.write("from outside\n".getBytes(StandardCharsets.UTF_8));
        }

        assertThat(ManagerProcess.finish(client)).isEqualTo(new Result(9, "from outside\n", ""));
        manager.nucleus("rm", id);
        assertThat(List.of(manager.nucleus("ps", "-aq").out())).containsExactly("");
    }
}
