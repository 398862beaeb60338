package dev.nucleus.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.ManagerProcess.Result;
import dev.nucleus.support.Requires;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The thin client with a manager in a process of its own. */
@Tag("isolation")
class CommandLineTest {

    @TempDir
    private static Path directory;

    private static ManagerProcess manager;

    @BeforeAll
    static void start() throws IOException {
        Requires.root();
        Files.writeString(
                directory.resolve("fleet.yaml"),
                "name: shop\nservices:\n  web: {command: [/bin/sleep, \"1000\"], memory: 64M}\n");
        manager = new ManagerProcess(directory).awaitReady().awaitUp("shop");
    }

    @AfterAll
    static void stop() {
        if (manager != null) {
            manager.close();
        }
    }

    @Test
    void runForwardsStreamsAndTheExitCode() throws IOException {
        Process client = manager.start("run", "--", "/bin/sh", "-c", "cat; echo err >&2; exit 42");
        try (OutputStream input = client.getOutputStream()) {
            input.write("from outside\n".getBytes(StandardCharsets.UTF_8));
        }

        assertThat(ManagerProcess.finish(client)).isEqualTo(new Result(42, "from outside\n", "err\n"));
    }

    @Test
    void theEnvironmentCanBeReadFromADescriptor() throws IOException {
        String run = " run --env-fd 3 -e B=plain -- /bin/sh -c 'printf %s/%s \"$A\" \"$B\"' 3< ";

        assertThat(shell(client() + run + "<(printf 'A=from a pipe\\n')"))
                .isEqualTo(new Result(0, "from a pipe/plain", ""));
        // The client, which was a shell before, has a child that exits while the client reads.
        assertThat(shell("sleep 0.3 & exec " + client() + run + "<(sleep 0.6; printf 'A=late')"))
                .isEqualTo(new Result(0, "late/plain", ""));
        assertThat(shell(client() + run + "<(printf 'A=two\\nlines\\0')"))
                .isEqualTo(new Result(0, "two\nlines/plain", ""));
        assertThat(shell(client() + run + "<(printf 'secret')"))
                .isEqualTo(new Result(125, "", "nucleus: --env-fd: a line is not NAME=value\n"));
        assertThat(shell(client() + " run --env-fd 77 -- /bin/true"))
                .isEqualTo(new Result(125, "", "nucleus: descriptor 77 can't be read: EBADF: Bad file descriptor\n"));
        assertThat(shell(client() + run + "<(head -c 9000000 /dev/zero)").err()).contains("EFBIG");
        assertThat(shell(client() + " run --env-fd 3 -- /bin/sh -c 'echo ${#V15}'"
                                + " 3< <(for i in $(seq 15); do printf 'V%d=%0100000d\\n' $i 0; done)")
                        .out())
                .isEqualTo("100000\n");
    }

    private static String client() {
        return ManagerProcess.CLIENT + " --socket " + manager.socket();
    }

    private static Result shell(String script) throws IOException {
        return ManagerProcess.finish(new ProcessBuilder("bash", "-c", script).start());
    }

    private static String contentOf(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }

    @Test
    void aPidFileNamesTheFirstProcess(@TempDir Path scratch) throws IOException {
        Path file = scratch.resolve("sleeper.pid");
        Result started =
                manager.nucleus("run", "-d", "--name", "sleeper", "--pid-file", file.toString(), "--", "sleep", "1000");

        assertThat(started.code()).as(started.err()).isZero();
        Path process = Path.of("/proc", Files.readString(file).strip());
        assertThat(process.resolve("comm")).hasContent("nucleus-init");
        assertThat(Files.readString(process.resolve("cmdline")).replace("\0", ""))
                .as("no host paths")
                .isEqualTo("nucleus-init");
        // The start is reported at the point of no return, a moment before execve(2) completes.
        Awaitility.await()
                .pollDelay(Duration.ZERO)
                .until(() -> ProcessHandle.of(
                                Long.parseLong(Files.readString(file).strip()))
                        .orElseThrow()
                        .children()
                        .map(child -> Path.of("/proc", Long.toString(child.pid()), "cmdline"))
                        .anyMatch(line -> contentOf(line).equals("sleep\0001000\0")));
        assertThat(scratch).as("only the PID file").isDirectoryNotContaining(path -> !path.equals(file));
        manager.nucleus("stop", "sleeper");
        manager.nucleus("rm", "sleeper");

        assertThat(manager.nucleus("run", "-d", "--name", "lost", "--pid-file", "/nosuch/pid", "--", "sleep", "1000"))
                .satisfies(refused -> assertThat(refused.err()).contains("--pid-file: can't write /nosuch/pid"))
                .satisfies(refused -> assertThat(refused.code()).isEqualTo(125));
        assertThat(manager.nucleus("ps").out()).doesNotContain("lost");
    }

    @Test
    void aTerminalIsPassedThroughTheConsoleSocket(@TempDir Path scratch) throws IOException {
        Path socket = scratch.resolve("console.sock");
        Process receiver = new ProcessBuilder("python3", "-c", """
                        import os, socket, sys
                        listener = socket.socket(socket.AF_UNIX)
                        listener.bind(sys.argv[1])
                        listener.listen()
                        print("ready", flush=True)
                        connection, _ = listener.accept()
                        name, fds, _, _ = socket.recv_fds(connection, 100, 1)
                        print(name.decode(), flush=True)
                        os.write(fds[0], b"hello\\n")
                        try:
                            while (got := os.read(fds[0], 1000)):
                                sys.stdout.write(got.decode())
                        except OSError:
                            pass
                        """, socket.toString()).start();
        var lines = receiver.inputReader(StandardCharsets.UTF_8);
        assertThat(lines.readLine()).isEqualTo("ready");

        Result created = manager.nucleus(
                "create",
                "-t",
                "--name",
                "on-console",
                "--console-socket",
                socket.toString(),
                "--",
                "/bin/sh",
                "-c",
                "read line; echo got $line; test -t 1 && echo on a terminal");
        assertThat(created.code()).as(created.err()).isZero();
        assertThat(lines.readLine()).isEqualTo("terminal");
        assertThat(manager.nucleus("start", "on-console").code()).isZero();

        assertThat(lines.lines().map(String::strip)).contains("got hello", "on a terminal");
        assertThat(manager.nucleus("logs", "on-console").out()).isEmpty();
        manager.nucleus("rm", "on-console");
        assertThat(manager.nucleus("run", "--console-socket", socket.toString(), "--", "true")
                        .err())
                .contains("--console-socket needs a terminal without an attached client");
    }

    @Test
    void aMegabyteOfStandardInputArrivesCompletely() throws Exception {
        Process client = manager.start("run", "--", "/usr/bin/wc", "-c");
        try (OutputStream input = client.getOutputStream()) {
            input.write(new byte[1 << 20]);
        }

        assertThat(ManagerProcess.finish(client).out().strip()).isEqualTo("1048576");
    }

    @Test
    void aRootfsIsBuiltVerifiedAndRunInProduction(@TempDir Path scratch) throws IOException {
        String rootfs = scratch.toRealPath().resolve("rootfs").toString();
        Result built = manager.nucleus(
                "rootfs", "build", rootfs, "-p", "/bin/sh", "-p", "/usr/bin/id", "--user", "web:4711:4712");

        assertThat(built.out())
                .as(built.err())
                .matches("(?s).*rootfs: \\d+ files, \\d+ KiB, manifest sha256 \\w{64}\n");
        assertThat(manager.nucleus("rootfs", "verify", rootfs).out()).contains(" files as recorded");
        String[] run = {
            "run",
            "--mode",
            "production",
            "--rootfs",
            rootfs,
            "--memory",
            "64M",
            "--cpus",
            "1",
            "--user",
            "web",
            "--",
            "id"
        };
        assertThat(manager.nucleus(run).out()).isEqualTo("uid=4711(web) gid=4712(web) groups=4712(web)\n");

        Files.writeString(Path.of(rootfs, "usr/bin/planted"), "x");
        assertThat(manager.nucleus("rootfs", "verify", rootfs).err()).contains("extra: usr/bin/planted");
        assertThat(manager.nucleus(run).err()).contains("extra: usr/bin/planted");
        assertThat(manager.nucleus("rootfs", "attest", rootfs).code()).isZero();
        assertThat(manager.nucleus(run).code()).isZero();
        assertThat(manager.nucleus("rootfs", "build", rootfs, "-p", "/bin/sh").err())
                .contains("already exists");
    }

    @Test
    void failuresHaveTheExitCodesOfShells() {
        assertThat(manager.nucleus("run", "--", "/nosuch").code()).isEqualTo(127);
        assertThat(manager.nucleus("run", "--", "/etc/passwd").code()).isEqualTo(126);
        assertThat(manager.nucleus("run", "--memory", "12X", "--", "true"))
                .isEqualTo(new Result(
                        125, "", "nucleus: --memory: '12X' is not a size; write bytes or K, M, G, T, such as 512M\n"));
        assertThat(manager.nucleus("nosuch").code()).isEqualTo(2);
        assertThat(manager.nucleus("run").code()).isEqualTo(2);
        assertThat(manager.nucleus("run", "--mode", "production", "--", "true").err())
                .contains("memory: production mode needs a limit")
                .contains("rootfs:");
        assertThat(manager.nucleus("run", "--", "/bin/sh", "-c", "kill -9 $(echo 1); exit 3")
                        .code())
                .isEqualTo(3);
    }

    @Test
    void aSignalToTheClientReachesTheWorkload() throws Exception {
        Process client = manager.start(
                "run",
                "-n",
                "--",
                "/bin/sh",
                "-c",
                "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.01; done");
        assertThat(client.inputReader().readLine()).isEqualTo("ready");

        client.toHandle().destroy();

        assertThat(client.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(client.exitValue()).isEqualTo(5);
    }

    @Test
    void killingTheClientRemovesItsContainer() throws Exception {
        Process client = manager.start("run", "--name", "orphan", "--", "/bin/sh", "-c", "echo ready; exec sleep 1000");
        assertThat(client.inputReader().readLine()).isEqualTo("ready");

        client.destroyForcibly();

        Awaitility.await().until(() -> !manager.nucleus("ps", "-a").out().contains("orphan"));
    }

    @Test
    void psListsRunningContainers() {
        String out = manager.nucleus("ps").out();

        assertThat(out.lines().findFirst().orElseThrow())
                .containsSubsequence("ID", "NAME", "STATE", "HEALTH", "RESTARTS", "AGE", "PID", "COMMAND");
        assertThat(out).containsPattern("[0-9a-f]{12}  shop/web-1 +running +running +0 .*/bin/sleep 1000");
        assertThat(manager.nucleus("ps", "-q").out().lines()).allMatch(line -> line.matches("[0-9a-f]{32}"));
    }

    @Test
    void logsAreFollowedUntilTheContainerExits() throws Exception {
        String id = manager.nucleus(
                        "run",
                        "-d",
                        "--name",
                        "talker",
                        "--",
                        "/bin/sh",
                        "-c",
                        "echo one; echo two >&2; while [ ! -e /tmp/go ]; do sleep 0.01; done; echo three")
                .out()
                .strip();
        Process follower = manager.start("logs", "-f", "talker");
        assertThat(follower.inputReader().readLine()).isEqualTo("one");

        // Its exit code is not checked: the command ends the container, which may kill this exec first.
        manager.nucleus("exec", id, "--", "touch", "/tmp/go");

        assertThat(follower.inputReader().readLine()).isEqualTo("three");
        assertThat(ManagerProcess.finish(follower)).isEqualTo(new Result(0, "", "two\n"));
        assertThat(manager.nucleus("logs", id.substring(0, 8))).isEqualTo(new Result(0, "one\nthree\n", "two\n"));
        assertThat(manager.nucleus("rm", id).code()).isZero();
        assertThat(manager.nucleus("logs", id).err()).contains("there is no container");
    }

    @Test
    void execForwardsStreamsSignalsAndTheExitCode() throws Exception {
        Process client = manager.start("exec", "shop/web-1", "--", "/bin/sh", "-c", "cat; exit 6");
        try (OutputStream input = client.getOutputStream()) {
            input.write("in\n".getBytes(StandardCharsets.UTF_8));
        }
        assertThat(ManagerProcess.finish(client)).isEqualTo(new Result(6, "in\n", ""));
        assertThat(manager.nucleus("exec", "shop/web-1", "--", "/nosuch").code())
                .isEqualTo(127);
        assertThat(manager.nucleus("exec", "nosuch", "--", "true").code()).isEqualTo(125);

        Process interrupted = manager.start(
                "exec",
                "shop/web-1",
                "--",
                "/bin/sh",
                "-c",
                "trap 'exit 8' TERM; echo ready; while :; do sleep 0.01; done");
        assertThat(interrupted.inputReader().readLine()).isEqualTo("ready");
        interrupted.toHandle().destroy();
        assertThat(interrupted.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(interrupted.exitValue()).isEqualTo(8);
    }

    @Test
    void stopPrintsTheNamesOfStoppedContainers() {
        manager.nucleus("run", "-d", "--name", "victim", "--", "/bin/sleep", "1000");

        assertThat(manager.nucleus("stop", "victim")).isEqualTo(new Result(0, "victim\n", ""));
        assertThat(manager.nucleus("ps").out()).doesNotContain("victim");
        assertThat(manager.nucleus("ps", "-a").out()).containsPattern("victim +stopped .*killed by SIGTERM");
        assertThat(manager.nucleus("rm", "victim").code()).isZero();
    }

    @Test
    void stopSendsTheRequestedSignal() {
        String script = "trap 'exit 7' USR1; trap : TERM; echo up; while :; do sleep 0.02; done";
        manager.nucleus("run", "-d", "--name", "choosy", "--", "/bin/sh", "-c", script);
        Awaitility.await().until(() -> manager.nucleus("logs", "choosy").out().equals("up\n"));

        assertThat(manager.nucleus("stop", "--signal", "USR1", "--grace", "1h", "choosy"))
                .isEqualTo(new Result(0, "choosy\n", ""));
        assertThat(manager.nucleus("ps", "-a").out()).containsPattern("choosy +stopped .*code 7");
        assertThat(manager.nucleus("rm", "choosy").code()).isZero();
    }

    @Test
    void aPolicyLearntFromATracedRunIsAppliedToItsService(@TempDir Path scratch) throws IOException {
        Path fleet = Files.writeString(
                scratch.resolve("fleet.yaml"),
                "name: f\nservices:\n  web:\n    command: [/bin/cat, /etc/hostname]\n    trace: true\n");
        assertThat(manager.nucleus("policy", "learn", "--name", "x", "shop/web-1")
                        .err())
                .contains("the trace is empty");

        assertThat(manager.nucleus("run", "--trace", "--name", "taught", "--", "/bin/cat", "/etc/hostname")
                        .code())
                .isZero();
        Result learnt = manager.nucleus(
                "policy",
                "learn",
                "--name",
                "web",
                "--output",
                scratch.resolve("policies").toString(),
                "--fleet-file",
                fleet.toString(),
                "--apply",
                "taught");

        assertThat(learnt.out())
                .as(learnt.err())
                .contains("-    trace: true")
                .contains("+    seccomp: {file: policies/web");
        assertThat(manager.nucleus("fleet", "validate", "-f", fleet.toString()).code())
                .isZero();
        Result confined = manager.nucleus(
                "run",
                "--seccomp",
                scratch.resolve("policies/web.seccomp.json").toString(),
                "--landlock",
                scratch.resolve("policies/web.landlock.yaml").toString(),
                "--name",
                "confined",
                "--",
                "/bin/cat",
                "/etc/hostname");
        assertThat(confined.out()).isEqualTo("confined\n");
        manager.nucleus("rm", "taught");
    }

    @Test
    void policyLearnReportsTheUsedPorts(@TempDir Path scratch) {
        manager.nucleus("run", "--trace", "--name", "caller", "--", "/bin/bash", "-c", "echo >/dev/tcp/127.0.0.1/7777");

        assertThat(manager.nucleus("policy", "learn", "--name", "caller", "--output", scratch.toString(), "caller")
                        .out())
                .contains("TCP ports: listens on none, connects to 7777\n");
        manager.nucleus("rm", "caller");
    }

    @Test
    void aRunningContainerCanBePausedAndShowsStatsAndDenials() {
        manager.nucleus("run", "-d", "--name", "busy", "--memory", "64M", "--", "/bin/sleep", "1000");

        assertThat(manager.nucleus("pause", "busy").out()).isEqualTo("busy\n");
        assertThat(manager.nucleus("ps").out()).containsPattern("busy +paused");
        assertThat(manager.nucleus("resume", "busy").code()).isZero();
        assertThat(manager.nucleus("stats", "busy").out()).containsPattern("busy .*64.0M");
        assertThat(manager.nucleus("denials", "busy").out()).isEqualTo("no denials of 'busy'\n");
        manager.nucleus("stop", "--grace", "0s", "busy");
        assertThat(manager.nucleus("pause", "busy").err()).contains("'busy' is not running");
        manager.nucleus("rm", "busy");
    }

    @Test
    void planExplainsAContainerWithoutStartingIt() {
        Result result = manager.nucleus("plan", "--", "/bin/true");

        assertThat(result.code()).isZero();
        assertThat(result.out())
                .contains("can't  reach any network but its own loopback")
                .contains("can    use all of the host's memory");
        assertThat(manager.nucleus("plan", "shop/web").out()).contains("can't  use more than 64M of memory");
        assertThat(manager.nucleus("plan", "--steps", "--", "true").out())
                .contains("bind /usr on /usr ro,nosuid,nodev");
    }

    @Test
    void allMistakesInAFleetFileAreReported() throws IOException {
        Files.writeString(directory.resolve("bad.yaml"), "name: shop\nservices:\n  web: {comand: [/w], memory: x}\n");

        Result result = manager.nucleus("fleet", "validate", "-f", "bad.yaml");

        assertThat(result.code()).isEqualTo(2);
        assertThat(result.err().lines()).hasSize(3).allMatch(line -> line.matches(".*/bad.yaml:3:\\d+: .*"));
        assertThat(manager.nucleus("fleet", "validate", "-f", "fleet.yaml").out())
                .isEqualTo("shop: 1 service, no mistakes\n");
    }

    @Test
    void withoutAManagerTheClientSaysHowToStartOne() throws Exception {
        Process client =
                new ProcessBuilder(ManagerProcess.CLIENT.toString(), "--socket", "/nosuch/socket", "ps").start();

        assertThat(client.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(client.exitValue()).isEqualTo(125);
        assertThat(client.errorReader().lines())
                .containsExactly(
                        "nucleus: no manager answers at /nosuch/socket: No such file or directory",
                        "Start one (java -jar nucleus.jar), or name its socket with --socket or $NUCLEUS_SOCKET.");
    }

    @Test
    void otherUsersAreRefusedByTheirPeerCredentials() throws Exception {
        // Other users can't open the socket; its mode is relaxed here to test the check behind it.
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setPosixFilePermissions(directory.resolve("run"), PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setPosixFilePermissions(manager.socket(), PosixFilePermissions.fromString("rw-rw-rw-"));
        Path client = Files.copy(ManagerProcess.CLIENT, directory.resolve("nucleus-client"));
        for (Path path = directory; path != null; path = path.getParent()) {
            assertThat(Files.getPosixFilePermissions(path)).contains(PosixFilePermission.OTHERS_EXECUTE);
        }
        Process stranger = new ProcessBuilder(
                        "setpriv",
                        "--reuid=65534",
                        "--regid=65534",
                        "--clear-groups",
                        client.toString(),
                        "--socket",
                        manager.socket().toString(),
                        "ps")
                .start();

        assertThat(stranger.errorReader().lines().toList())
                .isEqualTo(List.of("nucleus: only root and the manager's own user may run commands"));
        assertThat(stranger.waitFor()).isEqualTo(125);
    }
}
