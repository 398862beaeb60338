package dev.nucleus.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.ManagerProcess.Result;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Commands of operators on containers and replicas, by the thin client. */
@Tag("isolation")
class OperatorCommandsTest {

    @SharedManager(fleet = """
                    name: shop
                    services:
                      web: {command: [/bin/sh, -c, "echo run; exec sleep 1000"]}
                      job: {job: true, command: [/bin/true]}
                    """)
    private static TestManager manager;

    @AfterEach
    void removeContainers() {
        manager.containers().all().stream()
                .filter(container -> container.record().replica() == null)
                .forEach(container -> nucleus("rm", "-f", container.id()));
    }

    private static Result nucleus(String... arguments) {
        return manager.nucleus(arguments);
    }

    private static void run(String name, String script) {
        Result result = nucleus("run", "-d", "--name", name, "/bin/sh", "-c", script);
        assertThat(result.code()).as(result.err()).isZero();
    }

    private static void awaitLog(String name, String text) {
        Awaitility.await(name + " logs " + text)
                .until(() -> nucleus("logs", name).out().contains(text));
    }

    private static Process start(String... arguments) throws IOException {
        var command = new ArrayList<>(List.of(
                ManagerProcess.CLIENT.toString(), "--socket", manager.socket().toString()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).start();
    }

    @Test
    void killSendsTheGivenSignal() {
        run("signalled", "trap 'echo got HUP' HUP; echo up; while :; do sleep 0.02; done");
        awaitLog("signalled", "up");

        assertThat(nucleus("kill", "-s", "HUP", "signalled")).isEqualTo(new Result(0, "signalled\n", ""));
        awaitLog("signalled", "got HUP");
        nucleus("pause", "signalled");
        assertThat(nucleus("kill", "signalled").code()).isZero();

        assertThat(nucleus("wait", "signalled")).isEqualTo(new Result(0, "137\n", ""));
        assertThat(nucleus("kill", "-s", "NOSUCH", "signalled").err()).contains("'NOSUCH' is not a signal");
        assertThat(nucleus("kill", "signalled").err())
                .contains("'signalled' is not running: it has stopped: killed by SIGKILL");
    }

    @Test
    void killRefusesASignalWrittenAsAnOption() {
        run("reloads", "trap 'echo hup' HUP; echo up; while :; do sleep 0.02; done");
        awaitLog("reloads", "up");

        Result refused = nucleus("kill", "-1", "reloads");

        assertThat(refused.code()).isEqualTo(2);
        assertThat(refused.err()).contains("unknown option '-1'; nothing was done; a signal is given as -s 1");
        assertThat(nucleus("kill", "-s", "1", "reloads").code()).isZero();
        awaitLog("reloads", "hup");
    }

    @Test
    void aPidFileThatCannotBeWrittenFailsTheRun() {
        for (String detached : List.of("-n", "-d")) {
            Result refused = nucleus("run", detached, "--name", "noted", "--pid-file", "/nosuch/x", "sleep", "1000");

            assertThat(refused)
                    .isEqualTo(new Result(
                            125, "", "nucleus: --pid-file: can't write /nosuch/x: its directory does not exist\n"));
            assertThat(nucleus("ps", "-a").out()).doesNotContain("noted");
        }
    }

    /** As from an unset shell variable: the empty string is a prefix of every ID. */
    @Test
    void anEmptyNameMatchesNoContainer() {
        for (String command : List.of("stop", "rm", "logs")) {
            assertThat(nucleus(command, ""))
                    .isEqualTo(new Result(125, "", "nucleus: the name of a container is empty\n"));
        }
    }

    @Test
    void aPausedReplicaIsNotReady() {
        assertThat(nucleus("pause", "shop/web-1").code()).isZero();
        assertThat(nucleus("pause", "shop/web-1").code()).isZero();
        try {
            assertThat(nucleus("ps").out()).containsPattern("shop/web-1 .*not ready .*paused by the operator");
        } finally {
            assertThat(nucleus("resume", "shop/web-1").code()).isZero();
        }
        assertThat(nucleus("resume", "shop/web-1").code()).isZero();
        assertThat(nucleus("ps").out()).containsPattern("shop/web-1 +running");
    }

    @Test
    void aCompletedJobStaysCompletedWhenItIsStopped() {
        Awaitility.await().until(() -> nucleus("ps", "-a").out().contains("completed"));

        assertThat(nucleus("stop", "shop/job-1").code()).isZero();

        assertThat(nucleus("ps", "-a").out()).containsPattern("shop/job-1 .*completed");
    }

    @Test
    void aContainerThatWasNotStartedCanBeRemoved() {
        nucleus("create", "--name", "unused", "true");
        nucleus("create", "--name", "stopped", "true");

        assertThat(nucleus("stop", "stopped").code()).isZero();
        assertThat(nucleus("ps", "-a").out()).containsPattern("stopped .*killed by SIGKILL");
        assertThat(nucleus("rm", "unused")).isEqualTo(new Result(0, "unused\n", ""));
        assertThat(nucleus("ps", "-a").out()).doesNotContain("unused");
    }

    @Test
    void aCommandThatCannotBeRunHasTheExitCodeOfShells() {
        nucleus("create", "--name", "absent", "/nosuch");

        assertThat(nucleus("start", "absent").err()).contains("the program is not in the container");
        assertThat(nucleus("ps", "-a").out()).containsPattern("absent .*exit code 127");
        assertThat(nucleus("wait", "absent").out()).isEqualTo("127\n");
    }

    @Test
    void aRunThatExceedsItsMemoryReportsIt() {
        Result ended = nucleus("run", "-n", "--memory", "16M", "tail", "/dev/zero");

        assertThat(ended)
                .isEqualTo(new Result(
                        137,
                        "",
                        "nucleus: out of memory: the kernel killed a process of the container at its memory limit\n"));
    }

    @Test
    void waitBlocksUntilTheContainerExits() throws Exception {
        run("ending", "while [ ! -e /tmp/go ]; do sleep 0.02; done; exit 7");
        Process waiting = start("wait", "ending");

        assertThat(nucleus("exec", "-d", "ending", "touch", "/tmp/go")).isEqualTo(new Result(0, "", ""));

        assertThat(ManagerProcess.finish(waiting)).isEqualTo(new Result(0, "7\n", ""));
        assertThat(nucleus("wait", "nosuch").code()).isEqualTo(125);
    }

    @Test
    void aFailureForOneContainerDoesNotAffectTheOthers() {
        run("first", "exec sleep 1000");
        run("second", "exec sleep 1000");

        Result stopped = nucleus("stop", "--grace", "0s", "first", "nosuch", "second");

        assertThat(stopped.code()).isEqualTo(125);
        assertThat(stopped.out().lines()).containsExactlyInAnyOrder("first", "second");
        assertThat(stopped.err()).isEqualTo("nucleus: there is no container 'nosuch'; nucleus ps -a lists them all\n");
        assertThat(nucleus("rm", "first", "nosuch", "second").out().lines())
                .containsExactlyInAnyOrder("first", "second");
    }

    @Test
    void aFleetOrServiceNameIsRefusedWithItsReplicas() {
        for (String command : List.of("exec", "logs", "attach", "inspect", "denials")) {
            String[] words =
                    command.equals("exec") ? new String[] {command, "web", "ls"} : new String[] {command, "web"};
            assertThat(nucleus(words).err())
                    .isEqualTo("nucleus: 'web' is not a container; name a replica of it: shop/web-1\n");
        }
        assertThat(nucleus("logs", "web-1").err())
                .isEqualTo("nucleus: there is no container 'web-1'; did you mean shop/web-1?\n");
        assertThat(nucleus("logs", "shop").err()).contains("name a replica of it: shop/job-1, shop/web-1");
    }

    @Test
    void aStoppedContainerIsListedWithItsCommandAndItsCause() {
        run("ended", "exit 3");
        assertThat(nucleus("wait", "ended").out()).isEqualTo("3\n");

        assertThat(nucleus("ps", "-a").out().lines().filter(line -> line.contains(" ended ")))
                .singleElement()
                .asString()
                .containsPattern("/bin/sh -c exit 3 +exit code 3$");
    }

    @Test
    void optionsOfOtherToolsMeanTheSameOrAreRefused() {
        run("habit", "exec sleep 1000");

        assertThat(nucleus("run", "--rm", "/bin/true")).isEqualTo(new Result(0, "", ""));
        assertThat(nucleus("run", "--rm", "-d", "/bin/true").err()).contains("--rm can't be combined with -d");
        assertThat(nucleus("run", "--memory", "64m", "/bin/true").code()).isZero();
        assertThat(nucleus("run", "-v", "data:/data", "/bin/true").err())
                .contains("'data' looks like a named volume, which only fleet files have; write ./data:/data");
        assertThat(nucleus("exec", "-e", "NAME", "habit", "env").err()).contains("'NAME' is not NAME=value");
        assertThat(nucleus("logs", "--tail", "all", "habit").code()).isZero();
        assertThat(nucleus("logs", "--tail", "few", "habit").err())
                .contains("--tail is a number of lines or all, was 'few'");
        assertThat(nucleus("logs", "--since", "1m", "--until", "2m", "habit").err())
                .contains("--until 2m is before --since 1m");
        assertThat(nucleus("stop", "-t", "0", "habit")).isEqualTo(new Result(0, "habit\n", ""));
    }

    /** All runs share one parser. */
    @Test
    void aRunInheritsNoOptionsOfAnEarlierRun() {
        String script = "echo \"$SECRET $PWD $(ulimit -n)\"; [ $(id -u) = 4711 ] && echo other; ls -d /extra";
        Result usual = nucleus("run", "/bin/sh", "-c", script);
        assertThat(usual.code()).isNotZero();

        for (int i = 0; i < 3; i++) {
            assertThat(nucleus(
                                    "run",
                                    "-e",
                                    "SECRET=hidden",
                                    "--user",
                                    "4711:4712",
                                    "-w",
                                    "/tmp",
                                    "--open-files",
                                    "99",
                                    "--tmpfs",
                                    "/extra",
                                    "/bin/sh",
                                    "-c",
                                    script)
                            .out())
                    .isEqualTo("hidden /tmp 99\nother\n/extra\n");
            assertThat(nucleus("run", "--mode", "nonsense", "--name", "!", "true")
                            .code())
                    .isEqualTo(125);
            assertThat(nucleus("run", "/bin/sh", "-c", script)).isEqualTo(usual);
        }
    }

    @Test
    void theNameOfAStoppedContainerIsNotTakenForAnIdPrefix() {
        String id = nucleus("run", "-d", "/bin/sleep", "1000").out().strip();
        String name = id.substring(0, 6);
        assertThat(nucleus("run", "-d", "--name", name, "/bin/true").code()).isZero();
        assertThat(nucleus("wait", name).out()).isEqualTo("0\n");

        assertThat(nucleus("rm", name)).isEqualTo(new Result(0, name + "\n", ""));
        assertThat(nucleus("kill", name).out()).as("now an ID prefix").isEqualTo(id + "\n");
        assertThat(nucleus("wait", id).out()).isEqualTo("137\n");
        assertThat(nucleus("rm", id).code()).isZero();
    }

    @Test
    void containersAreStoppedConcurrently() {
        String deaf = "trap : TERM; echo up; while :; do sleep 0.02; done";
        List.of("deaf1", "deaf2", "deaf3").forEach(name -> run(name, deaf));
        List.of("deaf1", "deaf2", "deaf3").forEach(name -> awaitLog(name, "up"));
        long begun = System.nanoTime();

        assertThat(nucleus("stop", "--grace", "2s", "deaf1", "deaf2", "deaf3").code())
                .isZero();

        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun))
                .as("one grace period, not three")
                .isBetween(2_000L, 5_000L);
    }

    /** Both commands may succeed or fail, but a container that rm reported as removed must not be there. */
    @RepeatedTest(6)
    void aRestartDoesNotBringBackARemovedContainer() {
        nucleus("run", "-d", "--name", "race", "--", "/bin/sleep", "1000");
        var restart = CompletableFuture.supplyAsync(() -> nucleus("restart", "--grace", "0s", "race"));

        Result removed = nucleus("rm", "-f", "race");
        restart.join();

        boolean present = nucleus("ps", "-a").out().contains(" race ");
        nucleus("rm", "-f", "race");
        assertThat(removed.code() == 0 && present)
                .as("rm: %s; restart: %s", removed, restart.join())
                .isFalse();
    }

    @Test
    void aContainerIsRestartedWithItsOptions() {
        nucleus("run", "-d", "--name", "again", "-e", "WORD=kept", "/bin/sh", "-c", "echo $WORD $$; exec sleep 1000");
        awaitLog("again", "kept");
        String before = nucleus("ps", "-q").out();

        assertThat(nucleus("restart", "--grace", "0s", "again")).isEqualTo(new Result(0, "again\n", ""));

        awaitLog("again", "kept");
        assertThat(nucleus("ps", "-q").out()).isNotEqualTo(before);
        assertThat(nucleus("logs", "--previous", "again").out()).startsWith("kept");
        nucleus("stop", "--grace", "0s", "again");
        assertThat(nucleus("start", "again").code()).isZero();
        assertThat(nucleus("start", "again").err()).contains("'again' is running already");
    }

    @Test
    void aStoppedReplicaIsStartedAgain() {
        String name = "shop/web-1";
        manager.await(name, ReplicaStatus.RUNNING);
        assertThat(nucleus("stop", "--grace", "0s", name).code()).isZero();
        assertThat(manager.replica(name).status()).isEqualTo(ReplicaStatus.STOPPED);

        assertThat(nucleus("start", name)).isEqualTo(new Result(0, name + "\n", ""));
        manager.await(name, ReplicaStatus.RUNNING);
        awaitLog(name, "run");
        String id = manager.containerOf(name).id();
        assertThat(nucleus("start", name).err()).contains("is running already");
        assertThat(nucleus("restart", "--grace", "0s", id)).isEqualTo(new Result(0, name + "\n", ""));

        manager.await(name, ReplicaStatus.RUNNING);
        assertThat(manager.containerOf(name).id()).isNotEqualTo(id);
        assertThat(nucleus("logs", "--previous", name).out()).isEqualTo("run\n");
        manager.await("shop/job-1", ReplicaStatus.COMPLETED);
        assertThat(nucleus("start", "shop/job-1").code()).isZero();
        Awaitility.await()
                .until(() -> manager.replica("shop/job-1").history().stream()
                                .filter(transition -> transition.to() == ReplicaStatus.COMPLETED)
                                .count()
                        == 2);
    }

    @Test
    void logsCanBeLimitedByLinesAndTimes() throws Exception {
        run("talker", "echo one; echo two; echo three; while [ ! -e /tmp/go ]; do sleep 0.02; done; echo four");
        awaitLog("talker", "three");

        assertThat(nucleus("logs", "--tail", "1", "talker")).isEqualTo(new Result(0, "three\n", ""));
        assertThat(nucleus("logs", "--since", "1h", "-n", "2", "talker")).isEqualTo(new Result(0, "two\nthree\n", ""));
        assertThat(nucleus("logs", "--until", "1h", "talker")).isEqualTo(new Result(0, "", ""));
        assertThat(nucleus("logs", "-t", "--tail", "1", "talker").out())
                .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d+Z three\n");
        assertThat(nucleus("logs", "--previous", "talker").err())
                .contains("no log of an earlier run of 'talker' is kept");
        assertThat(nucleus("logs", "--since", "x", "talker").err()).contains("neither a time");
        Process follower = start("logs", "-f", "--tail", "0", "talker");
        nucleus("exec", "talker", "touch", "/tmp/go");
        assertThat(ManagerProcess.finish(follower).out()).isIn("four\n", "");
    }

    @Test
    void logsReportHowMuchWasRotatedAway() {
        String lines = "head -c 100000000 /dev/zero | tr '\\0' x | fold -w 9999; echo; echo end";
        nucleus("run", "-d", "--name", "long", "--log-rate", "1G", "sh", "-c", lines);
        nucleus("wait", "long");

        assertThat(nucleus("logs", "long").err())
                .matches("nucleus: \\d+ bytes of the log were rotated away and can't be shown\n");
        assertThat(nucleus("logs", "--tail", "1", "long")).isEqualTo(new Result(0, "end\n", ""));
    }

    @Test
    void topEscapesControlCharactersOfCommandLines() {
        run("busy", "exec sleep 1000");
        nucleus("exec", "-d", "busy", "/bin/sh", "-c", "sleep 1000; : \u001b[31mred");

        String top = nucleus("top", "busy").out();

        assertThat(top).startsWith("PID  HOST PID  USER").contains("nucleus-init", "sleep 1000", "\\x1b[31mred");
        assertThat(top).doesNotContain("\u001b");
        nucleus("stop", "--grace", "0s", "busy");
        assertThat(nucleus("top", "busy").err()).contains("'busy' is not running: it has stopped");
    }

    /** A container may have hundreds of processes with megabytes of arguments each. */
    @Test
    void topShowsTheBeginningOfALongCommandLine() {
        run("long", "exec sleep 1000");
        nucleus("exec", "-d", "long", "/bin/sh", "-c", "sleep 1000; : begin " + "x".repeat(100_000));

        // Two lines while the shell has forked but not executed sleep yet.
        assertThat(nucleus("top", "long").out().lines().filter(line -> line.contains("begin")))
                .isNotEmpty()
                .allSatisfy(line -> assertThat(line).hasSizeLessThan(5_000));
        assertThat(nucleus("top", "long").out()).hasSizeLessThan(20_000);
    }

    @Test
    void inspectShowsEverythingButSecrets(@TempDir Path host) throws IOException {
        Path secret = Files.writeString(host.resolve("key"), "hidden content");
        Path data = Files.createDirectory(host.resolve("a:b"));
        nucleus(
                "run",
                "-d",
                "--name",
                "known",
                "-e",
                "PASSWORD=hidden value",
                "--memory",
                "64M",
                "--secret",
                secret + ":key",
                "--mount",
                "type=bind,source=" + data + ",target=/data,readonly",
                "sleep",
                "1000");

        Result result = nucleus("inspect", "known", "shop/job-1", "nosuch");

        assertThat(result.code()).isEqualTo(125);
        assertThat(result.err()).contains("there is no container 'nosuch'");
        assertThat(result.out()).doesNotContain("hidden");
        JsonNode known = JsonMapper.shared().readTree(result.out()).get(0);
        assertThat(known.path("state").path("status").asString()).isEqualTo("running");
        assertThat(known.path("spec").path("env").path("PASSWORD").asString()).isEqualTo("***");
        assertThat(known.path("usage").path("memoryLimit").asLong()).isEqualTo(64L << 20);
        assertThat(known.path("processes")).hasSize(2);
        assertThat(known.path("mounts").get(0).path("source").asString()).isEqualTo(data.toString());
        assertThat(known.path("mounts").get(1).path("target").asString()).isEqualTo("/run/secrets/key");
        assertThat(known.path("confinement").path("denied")).isNotEmpty();
        JsonNode job = JsonMapper.shared().readTree(result.out()).get(1);
        assertThat(job.path("replica").path("service").asString()).isEqualTo("job");
    }

    @Test
    void eventsAreShownAndFollowed() throws Exception {
        Process follower = start("events", "-f", "--json", "--since", "1h");
        BufferedReader lines = follower.inputReader();
        run("eventful", "exit 3");
        nucleus("wait", "eventful");

        Awaitility.await().until(() -> nucleus("events").out(), out -> out.contains(" container eventful stopped ("));
        assertThat(nucleus("events", "--since", "1h").out())
                .contains("replica shop/web-1 running", "container eventful started (", ": exit code 3");
        String line = lines.readLine();
        while (!line.contains("\"event\":\"stopped\",\"name\":\"eventful\"")) {
            line = lines.readLine();
        }
        follower.destroy();
        assertThat(follower.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void statsRepeatUntilTheContainerStops() throws Exception {
        run("measured", "exec sleep 1000");
        Process stats = start("stats", "-f", "--interval", "100ms", "measured");
        BufferedReader lines = stats.inputReader();
        int tables = 0;
        while (tables < 2) {
            tables += lines.readLine().startsWith("NAME") ? 1 : 0;
        }

        nucleus("stop", "--grace", "0s", "measured");

        assertThat(stats.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(stats.exitValue()).isZero();
    }

    @Test
    void mistakesAreReportedWithACorrection() {
        assertThat(nucleus("run", "--pids", "1", "true").err())
                .contains("write at least 2, or init: false (--no-init)");
        assertThat(nucleus("run", "--no-init", "--pids", "1", "true").code()).isZero();
        assertThat(nucleus("run", "-v", "/nosuch:/data", "true").err()).contains("create /nosuch on the host first");
        assertThat(nucleus("run", "--memory", "10", "true").err()).contains("write the unit too, such as 10M");
        assertThat(nucleus("run", "--overlay", "x", "true").err()).startsWith("nucleus: --overlay: 'x' is not a size");
        assertThat(nucleus("run", "--log-rate", "fast", "true").err())
                .startsWith("nucleus: --log-rate: 'fast' is not a size");
        assertThat(nucleus("run", "-v", "/usr/share:/data,exec", "true").err()).contains("Write /usr/share:/data:exec");
        Result workdir = nucleus("run", "--workdir", "/nosuch", "true");
        assertThat(workdir.err())
                .contains("the directory is not in the container")
                .doesNotContain("program");
        assertThat(workdir.code()).isEqualTo(125);
        assertThat(nucleus("run", "--nosuch").err()).endsWith("See 'nucleus run --help'.\n");
        assertThat(nucleus("run", "echo", "@/etc/hostname", "--help").out()).isEqualTo("@/etc/hostname --help\n");
        nucleus("create", "--name", "held", "true");
        assertThat(nucleus("exec", "held", "true").err())
                .isEqualTo("nucleus: 'held' is not running: it is created and not started; nucleus start starts it\n");
    }

    @Test
    void execOptionsEndAtTheContainer() {
        run("host", "exec sleep 1000");

        assertThat(nucleus("exec", "-i", "-w", "/tmp", "-e", "A=b", "host", "sh", "-c", "pwd; echo $A"))
                .isEqualTo(new Result(0, "/tmp\nb\n", ""));
        assertThat(nucleus("exec", "host", "--", "echo", "-n", "x").out()).isEqualTo("x");
        assertThat(nucleus("exec", "-d", "host", "/nosuch").code()).isEqualTo(127);
    }
}
