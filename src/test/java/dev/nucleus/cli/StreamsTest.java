package dev.nucleus.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerState;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.support.Command;
import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams of run, exec and attach, as a shell uses them: {@code $N} is the client with the manager's socket. */
@Tag("isolation")
class StreamsTest {

    private static final StopSpec NOW = new StopSpec(Signal.KILL, Duration.ZERO);
    private static final Duration IN_TIME = Duration.ofSeconds(15);

    @SharedManager
    private static TestManager manager;

    @TempDir
    private Path directory;

    private ProcessBuilder shell(String script) {
        var builder = new ProcessBuilder("/bin/bash", "-c", script).directory(directory.toFile());
        builder.environment().put("N", ManagerProcess.CLIENT + " --socket " + manager.socket());
        return builder;
    }

    private ManagerProcess.Result sh(String script) {
        try {
            return ManagerProcess.finish(shell(script).start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void remove(Container container) {
        if (!container.isStopped()) {
            manager.containers().stop(container, NOW);
        }
        manager.containers().remove(container);
    }

    private static Container only() {
        return Awaitility.await()
                .atMost(IN_TIME)
                .until(
                        () -> manager.containers().all().stream()
                                .filter(Container::isRunning)
                                .findFirst(),
                        java.util.Optional::isPresent)
                .orElseThrow();
    }

    /** PIDs of processes with this argument, which no other test uses. */
    private static List<String> processes(String argument) {
        try (Stream<Path> all = Files.list(Path.of("/proc"))) {
            return all.filter(path -> path.getFileName().toString().matches("\\d+"))
                    .filter(path -> commandLine(path).contains("\0" + argument + "\0"))
                    .map(Path::toString)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String commandLine(Path process) {
        try {
            return Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            // It has ended.
            return "";
        }
    }

    @Test
    void allOutputArrivesInOrder() {
        assertThat(sh("$N run -n -- seq 1 3000000 | md5sum").out())
                .isEqualTo(sh("seq 1 3000000 | md5sum").out());
    }

    @ParameterizedTest
    @CsvSource({"3, 'exit 3'", "143, 'kill -TERM $$'", "137, 'kill -KILL $$'", "0, 'exec >&-'", "5, 'sleep 1 & exit 5'"
    })
    void everyByteWrittenBeforeTheEndArrivesWithTheExitCode(int code, String end) {
        var ended = sh("$N run -n -- sh -c 'seq 1 200000; echo last >&2; " + end + "' | md5sum; exit ${PIPESTATUS[0]}");

        assertThat(ended.code()).isEqualTo(code);
        assertThat(ended.out()).isEqualTo(sh("seq 1 200000 | md5sum").out());
        assertThat(ended.err()).isEqualTo("last\n");
    }

    /** The supervisor waits for more in a burst, but not until more has come. */
    @Test
    void aWriterThatWaitsForAnAnswerAfterABurstGetsOne() {
        String workload = "for i in 1 2 3; do head -c 4000001 /dev/zero; read go; done; echo end";
        String reader = "for i in 1 2 3; do head -c 4000001 <&3 | wc -c; echo go >&4; done; cat <&3";

        assertThat(sh("coproc C { $N run -- sh -c '" + workload + "'; }; exec 3<&${C[0]} 4>&${C[1]}; " + reader)
                        .out())
                .isEqualTo("4000001\n4000001\n4000001\nend\n");
    }

    @Test
    void allInputArrives() {
        assertThat(sh("seq 1 2000000 | $N run -- md5sum").out())
                .isEqualTo(sh("seq 1 2000000 | md5sum").out());
    }

    @Test
    void anArchiveMadeByExecIsWhole() {
        Container container = manager.launch("/bin/sleep", "1000");
        try {
            String make = "head -c 10000000 /dev/zero | tr '\\0' '\\n' | sed -n =";

            assertThat(sh("$N exec -n " + container.id() + " -- sh -c \"" + make + "\" | md5sum")
                            .out())
                    .isEqualTo(sh("sh -c \"" + make + "\" | md5sum").out());
        } finally {
            remove(container);
        }
    }

    @Test
    void attachedClientsGetTheSameOutput() throws IOException, InterruptedException {
        Container container =
                manager.launch("/bin/sh", "-c", "while [ ! -e /tmp/go ]; do sleep 0.01; done; seq 1 300000");
        try {
            Process one = shell("$N attach -n " + container.id() + " | md5sum").start();
            Process two = shell("$N attach -n " + container.id() + " | md5sum").start();
            Awaitility.await("both are attached").atMost(IN_TIME).until(() -> attached(container) == 2);
            container.shim().capture(List.of("/usr/bin/touch", "/tmp/go"), IN_TIME);

            String expected = sh("seq 1 300000 | md5sum").out();
            assertThat(ManagerProcess.finish(one).out()).isEqualTo(expected);
            assertThat(ManagerProcess.finish(two).out()).isEqualTo(expected);
        } finally {
            remove(container);
        }
    }

    /** Each attached client has a connection to the supervisor. */
    private static long attached(Container container) throws IOException {
        String socket = container.shim().socket().toString();
        try (Stream<String> lines = Files.lines(Path.of("/proc/net/unix"))) {
            return lines.filter(line -> line.endsWith(socket) && line.contains(" 0001 03 "))
                    .count();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"> /dev/full", "2>&1 > /dev/full"})
    void aWriteErrorOfTheClientIsAnErrorWithItsReason(String redirection) {
        var refused = sh("$N run -n -- echo hello " + redirection);

        assertThat(refused.code()).isEqualTo(125);
        assertThat(refused.err() + refused.out())
                .contains("nucleus: can't write to standard output: No space left on device");
    }

    @Test
    void aWriteErrorOnStandardErrorIsAnErrorToo() {
        Container container = manager.launch("/bin/sh", "-c", "echo written >&2; exec sleep 1000");
        try {
            Awaitility.await()
                    .until(() ->
                            !sh("$N logs " + container.id() + " 2>&1").out().isEmpty());

            assertThat(sh("$N logs " + container.id() + " 2> /dev/full").code()).isEqualTo(125);
        } finally {
            remove(container);
        }
    }

    @Test
    void aClosedPipeEndsTheRun() {
        var ended = sh("$N run -n -- yes | head -n 1; exit ${PIPESTATUS[0]}");

        assertThat(ended.out()).isEqualTo("y\n");
        assertThat(ended.err()).contains("can't write to standard output: Broken pipe");
        assertThat(ended.code()).isEqualTo(125);
        Awaitility.await().until(() -> manager.containers().all().isEmpty());
    }

    @Test
    void standardStreamsThatAreClosedStayClosed() {
        assertThat(sh("$N run -- sh -c 'echo out; echo err >&2; exit 4' <&-")).satisfies(ended -> {
            assertThat(ended.out()).isEqualTo("out\n");
            assertThat(ended.code()).isEqualTo(4);
        });
        assertThat(sh("$N run -- sh -c 'echo out; exit 4' <&- >&- 2>&-").code()).isEqualTo(4);
        assertThat(sh("$N ps >&-").code()).isZero();
    }

    @Test
    void theWorkloadHasPipesOfItsSupervisorOnly() throws IOException {
        Files.writeString(directory.resolve("secret"), "of the client");

        String seen = sh("$N run -- sh -c 'ls -l /proc/self/fd; cat /proc/self/fd/0/secret' < . 2>&1")
                .out();

        assertThat(seen).contains("0 -> pipe:").contains("1 -> pipe:").contains("2 -> pipe:");
        assertThat(seen).doesNotContain(directory.toString()).doesNotContain("of the client");
    }

    @Test
    void aRunEndsWithItsClient() throws IOException, InterruptedException {
        Process client = shell("exec $N run -n -- sh -c 'trap \"\" TERM INT HUP; sleep 4711.1'")
                .start();
        Awaitility.await().atMost(IN_TIME).until(() -> !processes("4711.1").isEmpty());

        client.destroyForcibly().waitFor();

        Awaitility.await().atMost(IN_TIME).until(() -> processes("4711.1").isEmpty());
        Awaitility.await()
                .atMost(IN_TIME)
                .until(() -> manager.containers().all().isEmpty());
    }

    /** Also what has left its process group and its session. */
    @Test
    void anExecEndsWithItsClientAndWithAllProcessesItStarted() throws IOException, InterruptedException {
        Container container = manager.launch("/bin/sleep", "1000");
        try {
            Process client = shell("exec $N exec -n " + container.id() + " -- sh -c '"
                            + "sleep 4711.2 & setsid sleep 4711.3 & (setsid sh -c \"sleep 4711.4 & sleep 4711.5\" &);"
                            + " sleep 4711.6'")
                    .start();
            for (String each : List.of("4711.2", "4711.3", "4711.4", "4711.5", "4711.6")) {
                Awaitility.await().atMost(IN_TIME).until(() -> !processes(each).isEmpty());
            }

            client.destroyForcibly().waitFor();

            for (String each : List.of("4711.2", "4711.3", "4711.4", "4711.5", "4711.6")) {
                Awaitility.await(each)
                        .atMost(IN_TIME)
                        .until(() -> processes(each).isEmpty());
            }
            assertThat(container.isRunning()).isTrue();
        } finally {
            remove(container);
        }
    }

    @ParameterizedTest
    @CsvSource({"TERM, 143", "INT, 130", "HUP, 129", "USR1, 138"})
    void aSignalToTheClientReachesTheCommand(String name, int code) throws Exception {
        Process client = shell("exec $N run -n -- sleep 4711.7").start();
        Awaitility.await().atMost(IN_TIME).until(() -> !processes("4711.7").isEmpty());
        // The client's own command line holds it too.
        Awaitility.await().atMost(IN_TIME).until(() -> processes("4711.7").size() >= 2);
        only();

        sh("kill -" + name + " " + client.pid());

        assertThat(client.waitFor(15, TimeUnit.SECONDS)).isTrue();
        assertThat(client.exitValue()).isEqualTo(code);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ALRM", "VTALRM", "PROF", "WINCH", "URG", "PWR", "IO", "CONT", "XCPU", "37"})
    void aSignalThatTheCommandHandlesReachesIt(String name) throws Exception {
        Process client = trapping(name);

        sh("kill -" + name + " " + client.pid());

        assertThat(client.waitFor(15, TimeUnit.SECONDS)).isTrue();
        assertThat(client.exitValue()).isEqualTo(7);
    }

    /** The shell's Ctrl-Z: the command hears of it, and the client stops until it is continued. */
    @Test
    void aClientThatIsSuspendedTellsItsCommand() throws Exception {
        Process client = trapping("TSTP");

        sh("kill -TSTP " + client.pid());
        Awaitility.await("it has stopped")
                .atMost(IN_TIME)
                .until(() -> Files.readString(Path.of("/proc/" + client.pid() + "/stat"))
                        .contains(") T "));
        sh("kill -CONT " + client.pid());

        assertThat(client.waitFor(15, TimeUnit.SECONDS)).isTrue();
        assertThat(client.exitValue()).isEqualTo(7);
    }

    private Process trapping(String name) throws IOException {
        Process client = shell("exec $N run -n -- sh -c 'trap \"exit 7\" " + name
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
            assertThat(refused.err()).contains("is paused: nucleus resume");
        } finally {
            remove(container);
        }
    }

    /** As by timeout(1), which signals the command and then its process group. */
    @ParameterizedTest
    @CsvSource({"TERM, 143", "TERM TERM, 143", "INT INT, 130"})
    void aRunThatIsPausedCanBeInterrupted(String signals, int code) throws Exception {
        Process client = shell("exec $N run -n -- sleep 4711.8").start();
        Container container = only();
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
        Process client = shell("exec $N run -n -- yes").start();
        only();
        Awaitility.await("output is not read")
                .until(() -> client.getInputStream().available() >= 60_000);

        // Process.destroy() would close the pipe as well.
        sh("kill -TERM " + client.pid());

        assertThat(client.waitFor(15, TimeUnit.SECONDS)).isTrue();
        assertThat(client.exitValue()).isEqualTo(143);
    }

    /** Its writes would wait, whatever poll(2) says: a terminal that has little room takes a part. */
    @Test
    void aClientWhoseTerminalIsNotReadCanBeInterrupted() throws Exception {
        Process script =
                shell("exec script -qc 'exec $N run -n -- yes' /dev/null").start();
        try {
            only();
            Awaitility.await("output is not read")
                    .until(() -> script.getInputStream().available() >= 30_000);
            ProcessHandle client = ProcessHandle.of(script.pid())
                    .orElseThrow()
                    .children()
                    .findFirst()
                    .orElseThrow();
            Awaitility.await("it waits")
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

    @Test
    void argumentsHaveTheKernelsLimitInRunAndExecAlike() {
        Container container = manager.launch("/bin/sleep", "1000");
        try {
            for (String command : List.of("run -n", "exec -n " + container.id())) {
                assertThat(sh("$N " + command + " -- sh -c 'echo $#' sh $(seq 1 100000)")
                                .out())
                        .as(command)
                        .isEqualTo("100000\n");
                assertThat(sh("v=$(printf %0130000d 1); $N " + command + " -- sh -c 'echo ${#1}' sh $v")
                                .out())
                        .as(command)
                        .isEqualTo("130000\n");
            }
        } finally {
            remove(container);
        }
    }

    @Test
    void anExecMayBeAnotherUsersButNotRoots() {
        Container container = manager.launch("/bin/sleep", "1000");
        try {
            String exec = "$N exec -n --user ";
            var other =
                    sh(exec + "4711:4712 " + container.id() + " -- sh -c 'id -u; id -g; id -G; echo x > /dev/stdout'");
            assertThat(other.out()).as(other.err()).isEqualTo("4711\n4712\n4712\nx\n");
            assertThat(sh(exec + "daemon " + container.id() + " -- id -un").out())
                    .isEqualTo("1\n");
            assertThat(sh(exec + "nobodyknows " + container.id() + " -- id").err())
                    .contains("user 'nobodyknows' is not in /etc/passwd");
            assertThat(sh(exec + "0:0 " + container.id() + " -- id")).satisfies(refused -> {
                assertThat(refused.code()).isEqualTo(125);
                assertThat(refused.err()).contains("runs nothing as root");
            });
            assertThat(sh(exec + "4711:0 " + container.id() + " -- id").code()).isEqualTo(125);
        } finally {
            remove(container);
        }
    }

    /** They are the workload's, not those of another user in its container. */
    @Test
    void anExecOfAnotherUserHasNoCapabilities() {
        String id = sh("$N run -d --capability NET_BIND_SERVICE -- sleep 1000")
                .out()
                .strip();
        String capabilities = id + " -- grep CapEff: /proc/self/status";

        assertThat(sh("$N exec -n " + capabilities).out()).isNotEqualTo("CapEff:\t0000000000000000\n");
        assertThat(sh("$N exec -n --user 4711:4712 " + capabilities).out()).isEqualTo("CapEff:\t0000000000000000\n");

        assertThat(sh("$N rm -f " + id).code()).isZero();
    }

    @Test
    void argumentsAreBytes() {
        assertThat(sh("LC_ALL=C $N run -n -e \"X=$(printf '\\374')\" -- sh -c 'printf %s \"$1$X\" | od -An -tx1' sh"
                                + " \"$(printf 'caf\\351')\"")
                        .out()
                        .strip())
                .isEqualTo("63 61 66 e9 fc");
    }

    @Test
    void namesOfFilesAreBytes() throws IOException {
        Path directory = Files.createTempDirectory("nucleus-test-");
        try {
            var used = sh("""
                    cd '%s'; d=$(printf 'b\\377'); mkdir "$d" && cd "$d" && echo from the host > file; chmod 777 . && chmod 666 file
                    $N run -n --workspace "../$d:bind-ro" -- cat /workspace/file
                    $N run -n --workspace . -- sh -c 'echo changed > /workspace/file'; cat file
                    $N run -n --context "$PWD" -- cat /context/file
                    $N run -n --workspace .:bind-rw -- sh -c 'echo bound > /workspace/file'; cat file
                    $N run -n -v "$PWD:/data" -- cat /data/file
                    $N create --pid-file pid --name named /bin/true > id; test -s pid && echo pid
                    $N rm -f named
                    printf 'name: shop\\nservices: {a: {command: ["true"]}}\\n' > fleet.yaml; $N fleet validate fleet.yaml
                    """.formatted(directory));

            assertThat(used.err()).isEmpty();
            assertThat(used.out())
                    .isEqualTo(
                            "from the host\nchanged\nchanged\nbound\nbound\npid\nnamed\nshop: 1 service, no mistakes\n");
        } finally {
            sh("rm -rf '" + directory + "'");
        }
    }

    @Test
    void theStreamIsWholeWhateverBecomesOfTheLog() {
        Container container = manager.launch("/bin/sleep", "1000");
        try {
            // The log of an attached run takes 4 MiB a second.
            assertThat(sh("$N run -n -- sh -c 'seq 1 4000000' | md5sum").out())
                    .isEqualTo(sh("seq 1 4000000 | md5sum").out());
        } finally {
            remove(container);
        }
    }

    @Test
    void outputBeyondTheRateWaitsForTheLogByDefault() {
        String id = sh("$N run -d --log-rate 2M -- sh -c 'seq 1 60000'").out().strip();
        Container container = manager.containers().find(id);
        try {
            ContainerState.Stopped end = container.end().join();

            assertThat(sh("$N logs " + id + " | md5sum").out())
                    .isEqualTo(sh("seq 1 60000 | md5sum").out());
            assertThat(Duration.between(end.startedAt().orElseThrow(), end.exitedAt()))
                    .as("60,000 lines of 256 bytes and their text are more than seven seconds' worth")
                    .isGreaterThan(Duration.ofSeconds(1));
        } finally {
            remove(container);
        }
    }

    @Test
    void outputBeyondTheRateIsDroppedAndTheLogSaysSo() {
        String id = sh("$N run -d --log-rate 1M --log-overflow drop -- sh -c 'seq 1 2000000; sleep 3; echo end'")
                .out()
                .strip();
        Container container = manager.containers().find(id);
        try {
            container.end().join();

            String log = sh("$N logs " + id + " 2>&1").out();
            assertThat(log).containsPattern("\\[nucleus: \\d+ bytes were not logged: more than 1048576 a second\\]");
            assertThat(log).startsWith("1\n2\n").endsWith("end\n");
        } finally {
            remove(container);
        }
    }

    /** Its last lines are what tells why it ended. */
    @Test
    void theLastLinesOfAFloodThatIsDroppedAreLogged() {
        String id = sh("$N run -d --log-rate 1M --log-overflow drop -- seq 1 2000000")
                .out()
                .strip();
        Container container = manager.containers().find(id);
        try {
            container.end().join();

            assertThat(sh("$N logs " + id + " 2>&1").out()).contains("bytes were not logged");
            assertThat(sh("$N logs " + id + " 2>/dev/null | tail -n 500").out())
                    .isEqualTo(sh("seq 1999501 2000000").out());
        } finally {
            remove(container);
        }
    }

    /** Its end came with the first output that was moved after the exit. */
    @Test
    void aFollowerGetsTheEndOfBothStreams() throws Exception {
        Container container = manager.launch(
                "/bin/sh",
                "-c",
                "echo begun; while [ ! -e /tmp/go ]; do sleep 0.01; done; echo out; echo err >&2; exit 7");
        int pid = container.whileRunning().orElseThrow().pid();
        long shim = ProcessHandle.of(pid)
                .flatMap(ProcessHandle::parent)
                .orElseThrow()
                .pid();
        try {
            Process follower =
                    shell("exec $N logs -f " + container.id() + " 2>&1").start();
            assertThat(follower.inputReader().readLine()).isEqualTo("begun");

            sh("kill -STOP " + shim);
            Files.createFile(Path.of("/proc/" + pid + "/root/tmp/go"));
            Awaitility.await("it has exited, and nobody has read what it wrote")
                    .until(() ->
                            Files.readString(Path.of("/proc/" + pid + "/stat")).contains(") Z "));
            sh("kill -CONT " + shim);

            assertThat(follower.inputReader().lines()).containsExactlyInAnyOrder("out", "err");
        } finally {
            sh("kill -CONT " + shim + " 2>&-; true");
            remove(container);
        }
    }

    @Test
    void aGapAtTheEndOfALogIsReported() {
        String script = "seq 1 2000000; echo the cause >&2; exec sleep 1000";
        String id = sh("$N run -d --log-rate 1M --log-overflow drop -- sh -c '" + script + "'")
                .out()
                .strip();
        Container container = manager.containers().find(id);
        try {
            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .pollInterval(Duration.ofMillis(500))
                    .untilAsserted(
                            () -> assertThat(sh("$N logs " + id + " 2>&1").out())
                                    .containsPattern("bytes were not logged")
                                    .contains("the cause\n", "2000000\n"));
        } finally {
            remove(container);
        }
    }

    /** What was read in the last of a turn's sixteen pieces waited for more output. */
    @Test
    void severalClientsGetAllOfABurst() throws IOException {
        String script = "trap go=1 USR1; while [ -z $go ]; do echo .; sleep 0.02; done; head -c 1000000 /dev/zero;"
                + " exec sleep 1000";
        String id = sh("$N run -d --no-init -- sh -c '" + script + "'").out().strip();
        Container container = manager.containers().find(id);
        long workload = container.whileRunning().orElseThrow().pid();
        String shim = Long.toString(ProcessHandle.of(workload)
                .flatMap(ProcessHandle::parent)
                .orElseThrow()
                .pid());
        List<Path> outputs = List.of(directory.resolve("a"), directory.resolve("b"));
        Process clients = shell("$N attach -n " + id + " > a & $N attach -n " + id + " > b & wait")
                .start();
        try {
            Awaitility.await("both are attached")
                    .until(() ->
                            outputs.stream().allMatch(output -> output.toFile().length() > 0));
            Command.run("kill", "-s", "STOP", shim);
            Command.run("kill", "-s", "USR1", Long.toString(workload));
            Awaitility.await("all is written")
                    .until(() -> Files.readString(Path.of("/proc/" + workload + "/comm"))
                            .equals("sleep\n"));
            Command.run("kill", "-s", "CONT", shim);

            Awaitility.await()
                    .until(() -> zeros(outputs.getFirst()) == 1_000_000 && zeros(outputs.getLast()) == 1_000_000);
        } finally {
            Command.run("kill", "-s", "CONT", shim);
            remove(container);
            ManagerProcess.finish(clients);
        }
    }

    private static int zeros(Path file) throws IOException {
        int count = 0;
        for (byte each : Files.readAllBytes(file)) {
            count += each == 0 ? 1 : 0;
        }
        return count;
    }

    /** A client that writes for the manager, and whose reader does not read. */
    @Test
    void aClientThatWritesForTheManagerCanBeInterrupted() {
        ManagerProcess.Result result =
                sh("ID=$($N run -d -- sh -c 'seq 1 100000; sleep 1000'); sleep 1; mkfifo f; sleep 30 < f & S=$!;"
                        + " timeout -k 10 1 $N logs $ID > f; echo $?; kill $S; $N stop -t 0 $ID; $N rm $ID");

        assertThat(result.out()).startsWith("124\n");
    }
}
