package dev.nucleus.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.container.Container;
import dev.nucleus.support.ClientShell;
import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Signals to the client, and how it and its command exit: {@code $N} is the client with the manager's socket. */
@Tag("isolation")
class ClientSignalsTest {

    private static final Duration IN_TIME = Duration.ofSeconds(15);

    @SharedManager
    private static TestManager manager;

    @TempDir
    private Path directory;

    private ClientShell shell;

    @BeforeEach
    void open() {
        shell = new ClientShell(manager, directory);
    }

    private ManagerProcess.Result sh(String script) {
        return shell.run(script);
    }

    @Test
    void aRunEndsWithItsClient() throws IOException, InterruptedException {
        Process client = shell.script("exec $N run -n -- sh -c 'trap \"\" TERM INT HUP; sleep 4711.1'")
                .start();
        Awaitility.await()
                .atMost(IN_TIME)
                .until(() -> !ClientShell.processes("4711.1").isEmpty());

        client.destroyForcibly().waitFor();

        Awaitility.await()
                .atMost(IN_TIME)
                .until(() -> ClientShell.processes("4711.1").isEmpty());
        Awaitility.await()
                .atMost(IN_TIME)
                .until(() -> manager.containers().all().isEmpty());
    }

    /** Including processes that have left its process group and session. */
    @Test
    void killingTheClientOfAnExecKillsAllProcessesItStarted() throws IOException, InterruptedException {
        Container container = manager.launch("/bin/sleep", "1000");
        try {
            Process client = shell.script("exec $N exec -n " + container.id() + " -- sh -c '"
                            + "sleep 4711.2 & setsid sleep 4711.3 & (setsid sh -c \"sleep 4711.4 & sleep 4711.5\" &);"
                            + " sleep 4711.6'")
                    .start();
            for (String each : List.of("4711.2", "4711.3", "4711.4", "4711.5", "4711.6")) {
                Awaitility.await()
                        .atMost(IN_TIME)
                        .until(() -> !ClientShell.processes(each).isEmpty());
            }

            client.destroyForcibly().waitFor();

            for (String each : List.of("4711.2", "4711.3", "4711.4", "4711.5", "4711.6")) {
                Awaitility.await(each)
                        .atMost(IN_TIME)
                        .until(() -> ClientShell.processes(each).isEmpty());
            }
            assertThat(container.isRunning()).isTrue();
        } finally {
            shell.remove(container);
        }
    }

    @ParameterizedTest
    @CsvSource({"TERM, 143", "INT, 130", "HUP, 129", "USR1, 138"})
    void aSignalToTheClientReachesTheCommand(String name, int code) throws Exception {
        Process client = shell.script("exec $N run -n -- sleep 4711.7").start();
        // The client's own command line contains the argument too.
        Awaitility.await()
                .atMost(IN_TIME)
                .until(() -> ClientShell.processes("4711.7").size() >= 2);
        shell.only();

        sh("kill -" + name + " " + client.pid());

        assertThat(client.waitFor(15, TimeUnit.SECONDS)).isTrue();
        assertThat(client.exitValue()).isEqualTo(code);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ALRM", "VTALRM", "PROF", "WINCH", "URG", "PWR", "IO", "CONT", "34", "37"})
    void aSignalThatTheCommandHandlesReachesIt(String name) throws Exception {
        Process client = trapping(name);

        sh("kill -" + name + " " + client.pid());

        assertThat(client.waitFor(15, TimeUnit.SECONDS)).isTrue();
        assertThat(client.exitValue()).isEqualTo(7);
    }

    /**
     * The shell's Ctrl-Z: the command gets the signal, and the client stops until the shell, whose job it is, continues
     * it.
     */
    @Test
    void ctrlZIsForwardedAndStopsTheClient() throws Exception {
        Process jobs = shell.script("""
                        set -m
                        (bash -c 'echo $$; exec $N run -n -- sh -c "trap \\"exit 7\\" TSTP; echo ready; while :; do sleep 0.05; done"'
                        echo code $?) &
                        wait
                        """).start();
        long client = Long.parseLong(jobs.inputReader().readLine());
        assertThat(jobs.inputReader().readLine()).isEqualTo("ready");

        sh("kill -TSTP " + client);
        Awaitility.await("the client has stopped")
                .atMost(IN_TIME)
                .until(() ->
                        Files.readString(Path.of("/proc/" + client + "/stat")).contains(") T "));
        sh("kill -CONT " + client);

        assertThat(jobs.inputReader().readLine()).isEqualTo("code 7");
    }

    private Process trapping(String name) throws IOException {
        Process client = shell.script("exec $N run -n -- sh -c 'trap \"exit 7\" " + name
                        + "; echo ready; while :; do sleep 0.05; done'")
                .start();
        assertThat(client.inputReader().readLine()).isEqualTo("ready");
        return client;
    }

    @Test
    void timeoutEndsARun() {
        assertThat(sh("timeout 1 $N run -n -- sleep 1000").code()).isEqualTo(124);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-n", "-d"})
    void anExecIntoAPausedContainerIsRefused(String option) {
        Container container = manager.launch("/bin/sleep", "1000");
        try {
            manager.containers().pause(container, true);

            var refused = manager.nucleus("exec", option, container.id(), "--", "true");

            assertThat(refused.code()).isEqualTo(125);
            assertThat(refused.err()).contains("is paused; resume it first");
        } finally {
            shell.remove(container);
        }
    }

    /** As timeout(1) does, which signals the command and then its process group. */
    @ParameterizedTest
    @CsvSource({"TERM, 143", "TERM TERM, 143", "INT INT, 130"})
    void aRunThatIsPausedCanBeInterrupted(String signals, int code) throws Exception {
        Process client = shell.script("exec $N run -n -- sleep 4711.8").start();
        Container container = shell.only();
        manager.containers().pause(container, true);

        for (String signal : signals.split(" ")) {
            sh("kill -" + signal + " " + client.pid() + " 2>&-; true");
        }

        assertThat(client.waitFor(15, TimeUnit.SECONDS)).isTrue();
        assertThat(client.exitValue()).isEqualTo(code);
        Awaitility.await()
                .atMost(IN_TIME)
                .until(() -> manager.containers().all().isEmpty());
    }

    @Test
    void aClientWhoseOutputIsBlockedCanBeInterrupted() throws Exception {
        Process client = shell.script("exec $N run -n -- yes").start();
        shell.only();
        Awaitility.await("output is not read")
                .until(() -> client.getInputStream().available() >= 60_000);

        // Process.destroy() would close the pipe as well.
        sh("kill -TERM " + client.pid());

        assertThat(client.waitFor(15, TimeUnit.SECONDS)).isTrue();
        assertThat(client.exitValue()).isEqualTo(143);
    }

    /** A write could block even after poll(2): a terminal with little room takes only a part of it. */
    @Test
    void aClientWhoseTerminalIsNotReadCanBeInterrupted() throws Exception {
        Process script = shell.script("exec script -qc 'exec $N run -n -- yes' /dev/null")
                .start();
        try {
            shell.only();
            Awaitility.await("output is not read")
                    .until(() -> script.getInputStream().available() >= 30_000);
            ProcessHandle client = ProcessHandle.of(script.pid())
                    .orElseThrow()
                    .children()
                    .findFirst()
                    .orElseThrow();
            Awaitility.await("the client is blocked")
                    .during(Duration.ofMillis(300))
                    .atMost(IN_TIME)
                    .until(() -> Files.readString(Path.of("/proc/" + client.pid() + "/stat"))
                            .contains(") S "));

            client.destroy();

            // Its parent is blocked as well and doesn't reap it.
            Awaitility.await()
                    .atMost(IN_TIME)
                    .until(() -> Files.readString(Path.of("/proc/" + client.pid() + "/stat"))
                            .contains(") Z "));
        } finally {
            script.destroyForcibly();
        }
        Awaitility.await()
                .atMost(IN_TIME)
                .until(() -> manager.containers().all().isEmpty());
    }

    /** A service manager sends SIGTERM, SIGCONT and SIGHUP at once to a service whose commands may be shells. */
    @ParameterizedTest
    @ValueSource(strings = {"TERM CONT HUP", "WINCH CONT URG USR1 TERM", "HUP INT QUIT TERM"})
    void simultaneousSignalsDoNotCutShortTheCommandsCleanup(String signals) throws Exception {
        for (int round = 0; round < 5; round++) {
            Process client = shell.script("exec $N run -n -- sh -c '"
                            + "trap \"sleep 0.3; exit 7\" TERM; trap : HUP INT QUIT USR1; echo ready;"
                            + " while :; do sleep 0.05; done'")
                    .start();
            assertThat(client.inputReader().readLine()).isEqualTo("ready");

            sh("for each in " + signals + "; do kill -$each " + client.pid() + "; done");

            assertThat(client.waitFor(15, TimeUnit.SECONDS)).isTrue();
            assertThat(client.exitValue()).isEqualTo(7);
        }
    }

    /** A second signal ends the client itself, once the supervisor has had time to answer the first. */
    @Test
    void aRunWhoseSupervisorHangsCanBeInterrupted() throws Exception {
        Process client = shell.script("exec $N run -n -- sleep 4711.92").start();
        Container container = shell.only();
        ProcessHandle supervisor = ProcessHandle.of(
                        container.whileRunning().orElseThrow().pid())
                .flatMap(ProcessHandle::parent)
                .orElseThrow();
        sh("kill -STOP " + supervisor.pid());
        try {
            Awaitility.await()
                    .pollInterval(Duration.ofMillis(300))
                    .atMost(IN_TIME)
                    .until(() -> {
                        sh("kill -TERM " + client.pid() + " 2>&-");
                        return !client.isAlive();
                    });
        } finally {
            sh("kill -CONT " + supervisor.pid());
        }

        assertThat(client.exitValue()).isEqualTo(143);
        Awaitility.await()
                .atMost(IN_TIME)
                .until(() -> manager.containers().all().isEmpty());
    }

    /** The kernel drops unhandled signals to PID 1, which a command without an init is. */
    @ParameterizedTest
    @CsvSource({"ALRM, 142", "PWR, 158", "IO, 157", "VTALRM, 154", "34, 162", "64, 192"})
    void aSignalEndsACommandThatDoesNotHandleIt(String name, int code) throws Exception {
        Process client = shell.script("exec $N run -n --no-init -- sh -c 'echo ready; exec sleep 1000'")
                .start();
        assertThat(client.inputReader().readLine()).isEqualTo("ready");

        sh("kill -" + name + " " + client.pid());

        assertThat(client.waitFor(15, TimeUnit.SECONDS)).isTrue();
        assertThat(client.exitValue()).isEqualTo(code);
    }

    /** setrlimit(2): RLIMIT_FSIZE sends SIGXFSZ. */
    @Test
    void aFileSizeLimitOfTheClientDoesNotAffectTheContainer() {
        Container container = manager.launch("/bin/sh", "-c", "while :; do echo line; sleep 0.001; done");
        try {
            var attached = sh("ulimit -f 1; $N attach " + container.id() + " > output");

            assertThat(attached.code()).isEqualTo(125);
            assertThat(attached.err()).isEqualTo("nucleus: can't write to standard output: File too large\n");
            assertThat(container.isRunning()).isTrue();
        } finally {
            shell.remove(container);
        }
    }

    /** As the only process of a terminal window or of ssh -t: if it stopped, nobody could continue it. */
    @Test
    void aClientWithoutAShellToContinueItDoesNotStop() throws Exception {
        Process script = shell.script(
                        "exec script -eqc 'exec $N run -n -- sh -c \"trap \\\"echo suspended\\\" TSTP; echo ready; while :; do sleep 0.1; done\"' /dev/null")
                .start();
        assertThat(script.inputReader().readLine()).startsWith("ready");

        script.getOutputStream().write(new byte[] {0x1a});
        script.getOutputStream().flush();
        assertThat(script.inputReader().readLine()).contains("suspended");
        script.getOutputStream().write(new byte[] {0x03});
        script.getOutputStream().flush();

        assertThat(script.waitFor(15, TimeUnit.SECONDS)).isTrue();
        assertThat(script.exitValue()).isEqualTo(130);
    }

    /** As under ssh without a terminal: waiting for the socket's reader would block the supervisor too. */
    @Test
    void aSocketThatIsNotReadBlocksNeitherTheClientNorTheSupervisor() throws IOException {
        Container container = manager.launch("/usr/bin/yes");
        try {
            Files.writeString(directory.resolve("sockets.py"), """
                    import os, select, socket, subprocess, sys, time
                    client = os.environ["N"].split()
                    mine, theirs = zip(*(socket.socketpair() for _ in range(2)))
                    attached = subprocess.Popen(client + ["attach", sys.argv[1]], stdout=theirs[0])
                    run = subprocess.Popen(client + ["run", "-n", "yes"], stdout=theirs[1])
                    while select.select([], theirs, [], 0)[1]:
                        time.sleep(0.05)
                    print(subprocess.run(client + ["exec", "-n", sys.argv[1], "true"], timeout=10).returncode)
                    run.terminate()
                    print(run.wait(10))
                    attached.kill()
                    attached.wait()
                    """);
            var tried = sh("python3 sockets.py " + container.id());

            assertThat(tried.out()).isEqualTo("0\n143\n");
        } finally {
            shell.remove(container);
        }
    }

    /** After a signal that the command handled, the client still waits for the copy back, which takes seconds here. */
    @Test
    void aClientWaitsForItsWorkspaceAfterTheCommandHandledASignal() throws Exception {
        Path workspace = Files.createDirectory(directory.resolve("workspace"));
        Files.setPosixFilePermissions(workspace, PosixFilePermissions.fromString("rwxrwxrwx"));
        Process client = shell.script(
                        "exec $N run -n --workspace " + workspace + ":copy-in-out -- sh -c '"
                                + "trap \"go=1\" HUP; echo ready; until [ \"$go\" ]; do sleep 0.05; done; seq 1 20000 | xargs touch'")
                .start();
        assertThat(client.inputReader().readLine()).isEqualTo("ready");

        sh("kill -HUP " + client.pid());

        assertThat(client.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(client.exitValue()).isZero();
        assertThat(workspace.toFile().list()).hasSize(20_000);
    }

    /** If timeout(1) had to kill the client after five more seconds, the exit code would be 137. */
    @Test
    void timeoutEndsARunWithAWorkspaceAndUnreadOutput() throws Exception {
        Path workspace = Files.createDirectory(directory.resolve("unread"));
        Files.setPosixFilePermissions(workspace, PosixFilePermissions.fromString("rwxrwxrwx"));

        Path ended = directory.resolve("ended");

        assertThat(sh("mkfifo " + ended + "; (timeout -k 5 2 $N run -n --workspace " + workspace
                                + ":copy-in-out -- yes 2>/dev/null; echo $? >&2; echo >" + ended + ") | cat " + ended)
                        .err())
                .isEqualTo("124\n");
    }

    @Test
    void aSignalThatTheCallerIgnoresIsIgnored() throws Exception {
        Process client = shell.script("exec nohup $N run -n -- sh -c 'echo ready; exec sleep 1000'")
                .start();
        assertThat(client.inputReader().readLine()).isEqualTo("ready");

        sh("kill -HUP " + client.pid() + "; kill -TERM " + client.pid());

        assertThat(client.waitFor(15, TimeUnit.SECONDS)).isTrue();
        assertThat(client.exitValue()).isEqualTo(143);
    }

    /** A shell that waits for its child ends only if the child died of the signal too. */
    @ParameterizedTest
    @ValueSource(strings = {"run -n", "run -n --init=false", "exec -n group"})
    void ctrlCSignalsTheWholeProcessGroup(String command) throws IOException {
        manager.nucleus("run", "-d", "--name", "group", "--", "/bin/sleep", "1000");
        Path program = Files.writeString(directory.resolve("terminal.py"), """
                import os, pty, sys
                client, master = pty.fork()
                if client == 0: os.execvp(sys.argv[1], sys.argv[1:])
                output = b""
                while b"ready" not in output: output += os.read(master, 100)
                os.write(master, b"\\x03")
                try:
                    while True: output += os.read(master, 100)
                except OSError: pass
                print(os.waitstatus_to_exitcode(os.waitpid(client, 0)[1]), b"after" in output)
                """);

        assertThat(sh("timeout 20 python3 " + program + " $N " + command
                                + " -- bash -c 'trap : USR1; echo ready; sleep 1000; echo after'")
                        .out())
                .isEqualTo("130 False\n");
        manager.nucleus("rm", "-f", "group");
    }

    /** Opening a pty's master again would create a new terminal. */
    @Test
    void outputCanGoToThePtyMaster() {
        assertThat(sh("python3 -c '"
                                + "import os, pty, subprocess, tty; m, s = pty.openpty(); tty.setraw(s);"
                                + " subprocess.run(os.environ[\"N\"].split() + [\"run\", \"-n\", \"echo\", \"there\"], stdout=m);"
                                + " os.set_blocking(s, False); print(os.read(s, 100))'")
                        .out())
                .isEqualTo("b'there\\n'\n");
    }

    @Test
    void theCommandGetsTheLatestTerminalSize() throws Exception {
        Process script = shell.script(
                        "exec script -qc 'exec $N run -t -- sh -c \"while :; do stty size; sleep 0.1; done\"' /dev/null")
                .start();
        try {
            Container container = shell.only();
            long supervisor = ProcessHandle.of(
                            container.whileRunning().orElseThrow().pid())
                    .flatMap(ProcessHandle::parent)
                    .orElseThrow()
                    .pid();
            long client = clientOf(script);
            assertThat(script.inputReader().readLine()).isNotNull();

            sh("kill -STOP " + supervisor + "; for i in $(seq 1 90); do stty -F /proc/" + client
                    + "/fd/0 rows $i cols 100; sleep 0.005; done; kill -CONT " + supervisor);

            assertThat(script.inputReader().lines().anyMatch(line -> line.contains("90 100")))
                    .isTrue();
        } finally {
            script.destroyForcibly().waitFor();
        }
        Awaitility.await()
                .atMost(IN_TIME)
                .until(() -> manager.containers().all().isEmpty());
    }

    /** At most 64 requests may be unanswered, one of them a terminal size; further signals are dropped. */
    @Test
    void signalsBeyondTheRequestLimitAreDropped() throws Exception {
        Process script = shell.script(
                        "exec script -eqc 'exec $N run -t -- sh -c \"trap : USR1; echo ready; until [ -e /tmp/go ]; do sleep 0.1; done; stty size; exit 7\"' /dev/null")
                .start();
        assertThat(script.inputReader().readLine()).startsWith("ready");
        long workload = shell.only().whileRunning().orElseThrow().pid();
        long supervisor = ProcessHandle.of(workload)
                .flatMap(ProcessHandle::parent)
                .orElseThrow()
                .pid();
        long client = clientOf(script);

        sh("kill -STOP " + supervisor + "; for i in $(seq 1 90); do kill -USR1 " + client
                + "; sleep 0.005; done; stty -F /proc/" + client
                + "/fd/0 rows 33; sleep 0.1; for i in 1 2 3; do kill -USR1 "
                + client + "; sleep 0.01; done; kill -CONT " + supervisor + "; touch /proc/" + workload
                + "/root/tmp/go");

        assertThat(script.inputReader().lines()).anyMatch(line -> line.startsWith("33 "));
        assertThat(script.waitFor(15, TimeUnit.SECONDS)).isTrue();
        assertThat(script.exitValue()).isEqualTo(7);
    }

    /** No shell could continue it, so the client doesn't stop, and its terminal is raw again. */
    @Test
    void aTerminalIsRawAgainAfterASuspension() throws Exception {
        Process script = shell.script(
                        "exec script -eqc 'exec $N run -t -- sh -c \"trap \\\"echo suspended\\\" TSTP; echo ready; while :; do sleep 0.1; done\"' /dev/null")
                .start();
        try {
            assertThat(script.inputReader().readLine()).startsWith("ready");
            String mode = "stty -a -F /proc/" + clientOf(script) + "/fd/0";
            assertThat(sh(mode).out()).contains(" -icanon");

            sh("kill -TSTP " + clientOf(script));

            assertThat(script.inputReader().readLine()).startsWith("suspended");
            assertThat(sh(mode).out()).contains(" -icanon");
        } finally {
            script.destroyForcibly().waitFor();
        }
        Awaitility.await()
                .atMost(IN_TIME)
                .until(() -> manager.containers().all().isEmpty());
    }

    private static long clientOf(Process script) {
        return ProcessHandle.of(script.pid())
                .orElseThrow()
                .children()
                .findFirst()
                .orElseThrow()
                .pid();
    }

    /** SIGXCPU concerns the client's own CPU time limit: the client exits and restores its terminal. */
    @Test
    void aClientThatExceedsItsCpuTimeExits() throws Exception {
        Process client = trapping("XCPU");

        sh("kill -XCPU " + client.pid());

        assertThat(client.waitFor(15, TimeUnit.SECONDS)).isTrue();
        assertThat(client.exitValue()).isEqualTo(152);
    }

    /** Standard error is a terminal that is full, standard output a pipe without a reader. */
    @Test
    void aClientThatCannotReportItsErrorCanBeInterrupted() throws Exception {
        Process script = shell.script("exec script -qc 'timeout 1 yes; timeout 1 sh -c \"while :; do printf x; done\";"
                        + " $N run -n -- sh -c \"sleep 1; exec yes\" | true' /dev/null")
                .start();
        try {
            shell.only();
            ProcessHandle client = ProcessHandle.of(script.pid())
                    .orElseThrow()
                    .descendants()
                    .filter(each -> each.info().command().orElse("").endsWith("/nucleus"))
                    .findFirst()
                    .orElseThrow();
            // poll(2) on x86-64, with the three descriptors of a blocked write; the client's main loop polls ten.
            Awaitility.await("the client is reporting its error")
                    .atMost(IN_TIME)
                    .until(() -> Files.readString(Path.of("/proc/" + client.pid() + "/syscall"))
                            .matches("(?s)7 0x\\w+ 0x3 .*"));

            client.destroy();

            Awaitility.await().atMost(IN_TIME).until(() -> !client.isAlive());
        } finally {
            script.destroyForcibly().waitFor();
        }
    }

    /** The client prints logs that the manager sends, to a pipe that is not read. */
    @Test
    void aClientThatPrintsLogsCanBeInterrupted() {
        ManagerProcess.Result result = sh("ID=$($N run -d -- sh -c 'seq 1 100000; sleep 1000');"
                + " until [ \"$($N logs --tail 1 $ID)\" = 100000 ]; do sleep 0.05; done; mkfifo f; sleep 30 < f & S=$!;"
                + " timeout -k 10 1 $N logs $ID > f; echo $?; kill $S; $N stop -t 0 $ID; $N rm $ID");

        assertThat(result.out()).startsWith("124\n");
    }
}
