package dev.nucleus.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerState;
import dev.nucleus.support.ClientShell;
import dev.nucleus.support.Command;
import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams of run, exec and attach, as a shell uses them: {@code $N} is the client with the manager's socket. */
@Tag("isolation")
class StreamsTest {

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
    void allOutputArrivesInOrder() {
        assertThat(sh("$N run -n -- seq 1 3000000 | md5sum").out())
                .isEqualTo(sh("seq 1 3000000 | md5sum").out());
    }

    @ParameterizedTest
    @CsvSource({"3, 'exit 3'", "143, 'kill -TERM $$'", "137, 'kill -KILL $$'", "0, 'exec >&-'", "5, 'sleep 1 & exit 5'"
    })
    void allOutputBeforeTheExitArrivesWithTheExitCode(int code, String end) {
        var ended = sh("$N run -n -- sh -c 'seq 1 200000; echo last >&2; " + end + "' | md5sum; exit ${PIPESTATUS[0]}");

        assertThat(ended.code()).isEqualTo(code);
        assertThat(ended.out()).isEqualTo(sh("seq 1 200000 | md5sum").out());
        assertThat(ended.err()).isEqualTo("last\n");
    }

    /** During a burst the supervisor waits briefly for more output, but not until more arrives. */
    @Test
    void aWriterThatWaitsForInputAfterABurstGetsIt() {
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
    void theOutputOfAnExecIsComplete() {
        Container container = manager.launch("/bin/sleep", "1000");
        try {
            String make = "head -c 10000000 /dev/zero | tr '\\0' '\\n' | sed -n =";

            assertThat(sh("$N exec -n " + container.id() + " -- sh -c \"" + make + "\" | md5sum")
                            .out())
                    .isEqualTo(sh("sh -c \"" + make + "\" | md5sum").out());
        } finally {
            shell.remove(container);
        }
    }

    @Test
    void attachedClientsGetTheSameOutput() throws IOException, InterruptedException {
        Container container =
                manager.launch("/bin/sh", "-c", "while [ ! -e /tmp/go ]; do sleep 0.01; done; seq 1 300000");
        try {
            Process one =
                    shell.script("$N attach -n " + container.id() + " | md5sum").start();
            Process two =
                    shell.script("$N attach -n " + container.id() + " | md5sum").start();
            Awaitility.await("both are attached").atMost(IN_TIME).until(() -> attachedClients(container) == 2);
            container.shim().capture(List.of("/usr/bin/touch", "/tmp/go"), IN_TIME);

            String expected = sh("seq 1 300000 | md5sum").out();
            assertThat(ManagerProcess.finish(one).out()).isEqualTo(expected);
            assertThat(ManagerProcess.finish(two).out()).isEqualTo(expected);
        } finally {
            shell.remove(container);
        }
    }

    /** Each attached client has a connection to the supervisor. */
    private static long attachedClients(Container container) throws IOException {
        String socket = container.shim().socket().toString();
        try (Stream<String> lines = Files.lines(Path.of("/proc/net/unix"))) {
            return lines.filter(line -> line.endsWith(socket) && line.contains(" 0001 03 "))
                    .count();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"> /dev/full", "2>&1 > /dev/full"})
    void aWriteErrorOfTheClientIsReportedWithTheReason(String redirection) {
        var refused = sh("$N run -n -- echo hello " + redirection);

        assertThat(refused.code()).isEqualTo(125);
        assertThat(refused.err() + refused.out())
                .contains("nucleus: can't write to standard output: No space left on device");
    }

    @Test
    void aWriteErrorOnStandardErrorFailsTheClient() {
        Container container = manager.launch("/bin/sh", "-c", "echo written >&2; exec sleep 1000");
        try {
            Awaitility.await()
                    .until(() ->
                            !sh("$N logs " + container.id() + " 2>&1").out().isEmpty());

            assertThat(sh("$N logs " + container.id() + " 2> /dev/full").code()).isEqualTo(125);
        } finally {
            shell.remove(container);
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
    void theWorkloadGetsOnlyPipesOfItsSupervisor() throws IOException {
        Files.writeString(directory.resolve("secret"), "of the client");

        String seen = sh("$N run -- sh -c 'ls -l /proc/self/fd; cat /proc/self/fd/0/secret' < . 2>&1")
                .out();

        assertThat(seen).contains("0 -> pipe:").contains("1 -> pipe:").contains("2 -> pipe:");
        assertThat(seen).doesNotContain(directory.toString()).doesNotContain("of the client");
    }

    @Test
    void runAndExecAcceptArgumentsUpToTheKernelsLimit() {
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
            shell.remove(container);
        }
    }

    @Test
    void anExecMayRunAsAnotherUserButNotAsRoot() {
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
                assertThat(refused.err()).contains("no command may run as root");
            });
            assertThat(sh(exec + "4711:0 " + container.id() + " -- id").code()).isEqualTo(125);
        } finally {
            shell.remove(container);
        }
    }

    /** Capabilities belong to the workload, not to another user in its container. */
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
    void argumentsArePassedAsBytes() {
        assertThat(sh("LC_ALL=C $N run -n -e \"X=$(printf '\\374')\" -- sh -c 'printf %s \"$1$X\" | od -An -tx1' sh"
                                + " \"$(printf 'caf\\351')\"")
                        .out()
                        .strip())
                .isEqualTo("63 61 66 e9 fc");
    }

    @Test
    void fileNamesArePassedAsBytes() throws IOException {
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
    void attachedOutputIsCompleteBeyondTheLogRate() {
        Container container = manager.launch("/bin/sleep", "1000");
        try {
            // The log of an attached run is limited to 4 MiB a second.
            assertThat(sh("$N run -n -- sh -c 'seq 1 4000000' | md5sum").out())
                    .isEqualTo(sh("seq 1 4000000 | md5sum").out());
        } finally {
            shell.remove(container);
        }
    }

    @Test
    void outputBeyondTheLogRateIsDelayedByDefault() {
        String id = sh("$N run -d --log-rate 2M -- sh -c 'seq 1 60000'").out().strip();
        Container container = manager.containers().find(id);
        try {
            ContainerState.Stopped end = container.end().join();

            assertThat(sh("$N logs " + id + " | md5sum").out())
                    .isEqualTo(sh("seq 1 60000 | md5sum").out());
            assertThat(Duration.between(end.startedAt().orElseThrow(), end.exitedAt()))
                    .as("60,000 lines at 256 bytes each besides their text take more than seven seconds")
                    .isGreaterThan(Duration.ofSeconds(1));
        } finally {
            shell.remove(container);
        }
    }

    @Test
    void droppedOutputBeyondTheLogRateIsReportedInTheLog() {
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
            shell.remove(container);
        }
    }

    /** The last lines tell why a command ended. */
    @Test
    void theLastLinesAreLoggedWhenOutputIsDropped() {
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
            shell.remove(container);
        }
    }

    /** The end of the log was once reported with the first output that was moved after the exit. */
    @Test
    void aFollowerGetsTheLastOutputOfBothStreams() throws Exception {
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
                    shell.script("exec $N logs -f " + container.id() + " 2>&1").start();
            assertThat(follower.inputReader().readLine()).isEqualTo("begun");

            sh("kill -STOP " + shim);
            Files.createFile(Path.of("/proc/" + pid + "/root/tmp/go"));
            Awaitility.await("the workload has exited, and its output is unread")
                    .until(() ->
                            Files.readString(Path.of("/proc/" + pid + "/stat")).contains(") Z "));
            sh("kill -CONT " + shim);

            assertThat(follower.inputReader().lines()).containsExactlyInAnyOrder("out", "err");
        } finally {
            sh("kill -CONT " + shim + " 2>&-; true");
            shell.remove(container);
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
            shell.remove(container);
        }
    }

    /** Output read in the last of a turn's sixteen pieces was once held until more output arrived. */
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
        Process clients = shell.script("$N attach -n " + id + " > a & $N attach -n " + id + " > b & wait")
                .start();
        try {
            Awaitility.await("both are attached")
                    .until(() ->
                            outputs.stream().allMatch(output -> output.toFile().length() > 0));
            Command.run("kill", "-s", "STOP", shim);
            Command.run("kill", "-s", "USR1", Long.toString(workload));
            Awaitility.await("all output is written")
                    .until(() -> Files.readString(Path.of("/proc/" + workload + "/comm"))
                            .equals("sleep\n"));
            Command.run("kill", "-s", "CONT", shim);

            Awaitility.await()
                    .until(() -> zeros(outputs.getFirst()) == 1_000_000 && zeros(outputs.getLast()) == 1_000_000);
        } finally {
            Command.run("kill", "-s", "CONT", shim);
            shell.remove(container);
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
}
