package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.ManagerProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Limits on a host with only cgroup v2, as in today's distributions. */
@Tag("vm")
class UnifiedCgroupTest {

    private static final Path CGROUPS = Path.of("/sys/fs/cgroup");
    private static final Duration LONG = Duration.ofSeconds(60);

    /** A tenth below 64 MiB, which the kernel rounds down to whole pages. */
    private static final long SOFT_LIMIT = (67_108_864L - 67_108_864L / 10) / 4096 * 4096;

    @TempDir
    private static Path directory;

    private static ManagerProcess manager;

    @BeforeAll
    static void start() {
        manager = ManagerProcess.byScript(directory).awaitReady(Duration.ofMinutes(4));
    }

    @AfterAll
    static void stop() {
        manager.close();
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        for (String id : manager.nucleus("ps", "-q").out().lines().toList()) {
            manager.nucleus("stop", "--grace", "0s", id);
            manager.nucleus("rm", id);
        }
        Awaitility.await("the cgroups are removed")
                .atMost(LONG)
                .untilAsserted(() -> assertThat(cgroups()).isEmpty());
    }

    private static List<Path> cgroups() throws IOException {
        try (Stream<Path> entries = Files.list(CGROUPS)) {
            return entries.filter(entry -> entry.getFileName().toString().startsWith("nucleus-"))
                    .toList();
        }
    }

    private static ManagerProcess.Result nucleus(String... arguments) {
        return manager.nucleus(arguments);
    }

    /** Starts a container and returns its cgroup. */
    private static Path launch(String... arguments) throws IOException {
        ManagerProcess.Result result = nucleus(
                Stream.concat(Stream.of("run", "-d"), Stream.of(arguments)).toArray(String[]::new));
        assertThat(result.err()).isEmpty();
        assertThat(cgroups()).hasSize(1);
        return cgroups().getFirst();
    }

    private static String read(Path cgroup, String file) throws IOException {
        return Files.readString(cgroup.resolve(file)).strip();
    }

    private static long count(Path cgroup, String file, String key) throws IOException {
        return Files.readAllLines(cgroup.resolve(file)).stream()
                .filter(line -> line.startsWith(key + " "))
                .mapToLong(line -> Long.parseLong(line.substring(key.length() + 1)))
                .findFirst()
                .orElse(-1);
    }

    @Test
    void everyLimitIsWritten() throws IOException {
        Path cgroup = launch("--memory", "64M", "--cpus", "0.5", "--pids", "16", "--", "/bin/sleep", "1000");

        assertThat(read(cgroup, "memory.max")).isEqualTo("67108864");
        assertThat(read(cgroup, "memory.high")).isEqualTo(Long.toString(SOFT_LIMIT));
        assertThat(read(cgroup, "memory.swap.max")).isEqualTo("0");
        assertThat(read(cgroup, "memory.oom.group")).isEqualTo("1");
        assertThat(read(cgroup, "cpu.max")).isEqualTo("50000 100000");
        assertThat(read(cgroup, "pids.max")).isEqualTo("16");
        assertThat(read(cgroup, "cgroup.procs").lines())
                .as("the init and the workload")
                .hasSize(2);
    }

    @Test
    void swapWeightAndDiskLimitsAreWritten() throws IOException {
        String disk = Files.readString(Path.of("/sys/block/ram0/dev")).strip();
        Path cgroup = launch(
                "--memory",
                "64M",
                "--swap",
                "32M",
                "--cpu-weight",
                "300",
                "--io",
                disk + " rbps=1M wiops=50",
                "--",
                "/bin/sleep",
                "1000");

        assertThat(read(cgroup, "memory.swap.max")).isEqualTo("33554432");
        assertThat(read(cgroup, "cpu.weight")).isEqualTo("300");
        assertThat(read(cgroup, "io.max")).isEqualTo(disk + " rbps=1048576 wbps=max riops=max wiops=50");
    }

    @Test
    void aPausedContainerIsFrozenAndCanBeStopped() throws IOException {
        Path cgroup = launch("--name", "still", "--", "/bin/sleep", "1000");

        assertThat(nucleus("pause", "still").code()).isZero();
        assertThat(read(cgroup, "cgroup.freeze")).isEqualTo("1");
        assertThat(nucleus("ps").out()).containsPattern("still +paused");
        assertThat(nucleus("resume", "still").code()).isZero();
        assertThat(read(cgroup, "cgroup.freeze")).isEqualTo("0");
        nucleus("pause", "still");
        assertThat(nucleus("stop", "--grace", "0s", "still").code()).isZero();
    }

    /** Tried by root with the host's own node, as a member of the cgroup: the BPF program of the cgroup decides. */
    @Test
    void onlyAFewDevicesCanBeOpenedWhateverNodesExist() throws Exception {
        Path cgroup = launch("--", "/bin/sleep", "1000");

        assertThat(asMember(cgroup, "head -c 1 /dev/ram0")).contains("Operation not permitted");
        assertThat(asMember(cgroup, "head -c 3 /dev/zero | wc -c").strip()).isEqualTo("3");
        assertThat(asMember(CGROUPS, "head -c 3 /dev/ram0 | wc -c").strip()).isEqualTo("3");
    }

    private static String asMember(Path cgroup, String command) throws Exception {
        Process shell = new ProcessBuilder("/bin/sh", "-c", "echo $$ >" + cgroup + "/cgroup.procs; " + command)
                .redirectErrorStream(true)
                .start();
        return new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    @Test
    void usageFiguresComeFromTheKernel() {
        nucleus("run", "-d", "--name", "busy", "--memory", "64M", "--", "/bin/sh", "-c", "while true; do :; done");

        Awaitility.await()
                .atMost(LONG)
                .untilAsserted(() -> assertThat(nucleus("stats", "busy").out())
                        .containsPattern(
                                "busy +[0-9.]+[KM] +[0-9.]+[KM] +64.0M +0B +(-|[0-9.]+%?) +[0-9.]*[1-9][0-9.]*s"));
        assertThat(nucleus("stats", "busy").out()).containsPattern("[0-9.]+%/[0-9.]+%/[0-9.]+%");
    }

    @Test
    void denialsAreReportedOnCgroupV2Too() {
        nucleus("run", "-d", "--name", "tries", "--", "/bin/sh", "-c", "unshare -r true; sleep 1000");

        Awaitility.await()
                .atMost(LONG)
                .untilAsserted(
                        () -> assertThat(nucleus("denials", "tries").out()).contains("unshare(CLONE_NEWUSER)"));
    }

    @Test
    void aWorkloadRunsInAnAutomaticUserNamespace() {
        ManagerProcess.Result result = nucleus(
                "run",
                "--user-namespace",
                "auto",
                "--",
                "/bin/sh",
                "-c",
                "echo x >/tmp/x; cat /tmp/x /proc/self/uid_map");

        assertThat(result.err()).isEmpty();
        assertThat(result.out()).startsWith("x\n").doesNotContain("4294967295");
    }

    @Test
    void aContainerSeesItsOwnCgroupAsTheRoot() {
        assertThat(nucleus("run", "--", "/bin/cat", "/proc/self/cgroup").out()).isEqualTo("0::/\n");
    }

    @Test
    void aForkBombHitsItsLimitWithoutAffectingOthers() {
        ManagerProcess.Result bomb =
                nucleus("run", "--pids", "16", "--", "/bin/sh", "-c", "while true; do sleep 1000 & done");

        assertThat(bomb.err()).contains("Cannot fork");
        assertThat(bomb.code()).isEqualTo(2);
        assertThat(nucleus("run", "--", "/bin/echo", "fine").out()).isEqualTo("fine\n");
    }

    @Test
    void aSoftLimitThatThrottlesIsLifted() throws IOException {
        Path cgroup = launch("--memory", "64M", "--", "/bin/sh", "-c", "head -c 58M /dev/zero | (tail; sleep 1000)");

        Awaitility.await().atMost(LONG).until(() -> read(cgroup, "memory.high").equals("max"));

        assertThat(read(cgroup, "memory.max")).isEqualTo("67108864");
    }

    @Test
    void aContainerOutOfMemoryIsKilledAsAWhole() {
        ManagerProcess.Result result = nucleus(
                "run", "--memory", "32M", "--", "/bin/sh", "-c", "head -c 200M /dev/zero | tail; echo survived");

        assertThat(result.code()).isEqualTo(137);
        assertThat(result.out()).doesNotContain("survived");
    }

    @Test
    void anOutOfMemoryKillIsReportedAsSuch() {
        nucleus(
                "run",
                "-d",
                "--name",
                "hog",
                "--memory",
                "32M",
                "--",
                "/bin/sh",
                "-c",
                "head -c 200M /dev/zero | tail");

        Awaitility.await()
                .atMost(LONG)
                .untilAsserted(() -> assertThat(nucleus("ps", "-a").out())
                        .containsPattern("hog +stopped .*killed by SIGKILL, out of memory"));
        nucleus("rm", "hog");
    }

    @Test
    void aBusyLoopGetsNoMoreThanItsCpuLimit() throws IOException {
        Path cgroup = launch("--cpus", "0.1", "--", "/bin/sh", "-c", "while true; do :; done");

        Awaitility.await().atMost(LONG).until(() -> count(cgroup, "cpu.stat", "nr_throttled") > 10);

        long periods = count(cgroup, "cpu.stat", "nr_periods");
        assertThat(count(cgroup, "cpu.stat", "usage_usec")).isLessThan(periods * 20_000);
    }

    /** Lowering the score again requires CAP_SYS_RESOURCE, which the other tests' machine lacks. */
    @Test
    void aContainersOomScoreDoesNotDependOnItsManagers() throws IOException {
        // Set by hand, as systemd's OOMScoreAdjust= does; processes started from now on inherit it.
        String before = Files.readString(oomScore(manager.process().toHandle())).strip();
        try {
            for (String score : new String[] {"-500", "300"}) {
                manager.process().descendants().forEach(process -> write(oomScore(process), score));

                assertThat(nucleus("run", "--", "/bin/cat", "/proc/self/oom_score_adj")
                                .out())
                        .as("spawner at " + score)
                        .isEqualTo("0\n");
            }
        } finally {
            manager.process().descendants().forEach(process -> write(oomScore(process), before));
        }
    }

    private static Path oomScore(ProcessHandle process) {
        return Path.of("/proc", Long.toString(process.pid()), "oom_score_adj");
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            assertThat(file).as("the process has exited meanwhile: " + e).doesNotExist();
        }
    }
}
