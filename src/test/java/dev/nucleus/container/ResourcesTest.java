package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.cgroup.CgroupUsage;
import dev.nucleus.log.ContainerLog;
import dev.nucleus.plan.WireWriter;
import dev.nucleus.shim.Request;
import dev.nucleus.shim.ShimConnection;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.IoLimit;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.spec.User;
import dev.nucleus.support.Requires;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Limits, freezing, usage figures and clocks on a host with cgroup v1. */
@Tag("isolation")
class ResourcesTest {

    @SharedManager
    private static TestManager manager;

    @BeforeAll
    static void start() {
        Requires.legacyCgroups();
    }

    private static ContainerSpec.Builder shell(String command) {
        return ContainerSpec.builder(Mode.AGENT, List.of("/bin/sh", "-c", command));
    }

    private static Container launch(ContainerSpec.Builder spec) {
        return manager.containers().launch(LaunchOrder.detached(spec.build()));
    }

    private static void end(Container container) {
        manager.containers().stop(container, new StopSpec(Signal.KILL, Duration.ZERO));
        manager.containers().remove(container);
    }

    private static String file(Container container, String controller, String name) throws IOException {
        return Files.readString(Path.of("/sys/fs/cgroup", controller, "nucleus-" + container.id(), name))
                .strip();
    }

    private static String forks(int count, String then) {
        return "$|=1; for (1.." + count + ") { my $p = fork; unless (defined $p) { print qq(stopped at $_\n); last }"
                + " if (!$p) { sleep 1000; exit } } print qq(through\n); " + then;
    }

    private static ContainerSpec.Builder perl(String script) {
        return ContainerSpec.builder(Mode.AGENT, List.of("/usr/bin/perl", "-e", script));
    }

    /** RLIMIT_NPROC would count the processes of both containers. */
    @Test
    void processesAreNotCountedAgainstOtherContainersOfTheSameUser() throws IOException {
        var user = Optional.of(User.parse("47110:47110"));
        Container first = launch(perl(forks(400, "sleep 1000")).user(user));
        try {
            Awaitility.await("400 processes")
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> first.log().tail(1).lines().stream()
                            .anyMatch(line -> line.text().equals("through")));

            assertThat(manager.run(perl(forks(200, "kill 9, -1;")).user(user).build())
                            .out())
                    .isEqualTo("through\n");
        } finally {
            // All but PID 1, so that the stop needn't wait for 400 processes to exit.
            first.shim().capture(List.of("/bin/sh", "-c", "kill -9 -1"), Duration.ofSeconds(60));
            end(first);
        }
    }

    /** The device doesn't exist, so the cgroup can't be set up; agent mode continues without it. */
    @Test
    void withoutACgroupTheProcessLimitAppliesToTheUser() {
        assertThat(manager.run(shell("cat /proc/self/limits")
                                .io(List.of(IoLimit.parse("4000:4000 rbps=1M")))
                                .pids(64)
                                .build())
                        .out())
                .containsPattern("Max processes +64 +64 +processes");
    }

    @Test
    void everyLimitIsWritten() throws IOException {
        Container container = launch(shell("exec sleep 1000")
                .memory(Optional.of(MemorySize.parse("64M")))
                .cpus(Optional.of(new Cpus(0.5)))
                .cpuWeight(Optional.of(200))
                .pids(16));

        assertThat(file(container, "memory", "memory.limit_in_bytes")).isEqualTo("67108864");
        assertThat(file(container, "cpu", "cpu.shares")).isEqualTo("2048");
        assertThat(file(container, "cpu", "cpu.cfs_quota_us")).isEqualTo("50000");
        assertThat(file(container, "pids", "pids.max")).isEqualTo("16");
        end(container);
    }

    @Test
    void onlyAFewDevicesAreUsableWhateverNodesExist() throws Exception {
        Container container = launch(shell("exec sleep 1000"));

        assertThat(file(container, "devices", "devices.list").lines())
                .contains("c 1:3 rwm", "c 136:* rwm")
                .noneMatch(line -> line.startsWith("b ") || line.startsWith("a "))
                .hasSize(8);
        Path members = Path.of("/sys/fs/cgroup/devices", "nucleus-" + container.id(), "tasks");
        Process member = new ProcessBuilder(
                        "/bin/sh",
                        "-c",
                        "echo $$ >" + members + "; head -c 3 /dev/zero | wc -c; head -c 1 /dev/loop-control")
                .redirectErrorStream(true)
                .start();
        assertThat(new String(member.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .startsWith("3\n")
                .contains("Operation not permitted");
        end(container);
    }

    @Test
    void aPausedContainerResumesWhereItStopped() throws Exception {
        Container container = launch(shell("i=0; while true; do i=$((i+1)); echo $i; sleep 0.02; done")
                .pids(64));
        Awaitility.await().until(() -> container.log().tail(1000).lines().size() > 5);

        manager.containers().pause(container, true);
        int before = container.log().tail(100_000).lines().size();
        Awaitility.await()
                .pollDelay(Duration.ofMillis(300))
                .until(() -> container.log().tail(100_000).lines().size() <= before + 1);
        assertThat(container.paused()).isTrue();
        assertThat(file(container, "freezer", "freezer.state")).isEqualTo("FROZEN");

        manager.containers().pause(container, false);
        Awaitility.await().until(() -> container.log().tail(100_000).lines().size() > before + 5);
        List<String> lines = container.log().tail(100_000).lines().stream()
                .map(ContainerLog.Line::text)
                .toList();
        assertThat(lines.getLast()).isEqualTo(Integer.toString(lines.size()));
        end(container);
    }

    /** Processes join the freezer cgroup at the first pause: children forked meanwhile must not be missed. */
    @Test
    void aConstantlyForkingContainerIsPausedCompletely() throws Exception {
        Container container =
                launch(shell("for i in 1 2 3 4; do (while true; do (exec /bin/true); echo $i; done) & done; wait")
                        .pids(128));
        Awaitility.await().until(() -> written(container) > 4000);
        assertThat(freezer(container))
                .as("no freezer cgroup before the first pause")
                .doesNotExist();

        for (int i = 0; i < 5; i++) {
            manager.containers().pause(container, true);
            assertThat(file(container, "freezer", "freezer.state")).isEqualTo("FROZEN");
            assertThat(file(container, "freezer", "cgroup.procs").lines())
                    .hasSameElementsAs(
                            file(container, "pids", "cgroup.procs").lines().toList());
            // Output written before the pause may still be on its way from the pipe to the log.
            var logged = new AtomicLong();
            Awaitility.await()
                    .during(Duration.ofMillis(300))
                    .until(() -> logged.getAndSet(written(container)) == logged.get());

            manager.containers().pause(container, false);
            Awaitility.await().until(() -> written(container) > logged.get() + 2000);
        }
        end(container);
        Awaitility.await("the shim removes the freezer cgroup after the exit")
                .until(() -> !Files.exists(freezer(container)));
    }

    @Test
    void manyProcessesArePausedInTimeAndStayPaused() throws Exception {
        Container container =
                launch(shell("i=0; while [ $i -lt 2500 ]; do sleep 1000 & i=$((i+1)); done; echo all; wait")
                        .pids(3000));
        Awaitility.await()
                .atMost(Duration.ofMinutes(1))
                .until(() -> !container.log().tail(1).lines().isEmpty());

        manager.containers().pause(container, true);

        assertThat(file(container, "freezer", "freezer.state")).isEqualTo("FROZEN");
        assertThat(file(container, "freezer", "cgroup.procs").lines()).hasSizeGreaterThan(2500);

        for (int i = 0; i < 200; i++) {
            pauseAndDisconnect(container, Duration.ofNanos(i * 50_000L));
            // Handled after the pause.
            container.shim().signal(Signal.parse("CONT"));
            assertThat(file(container, "freezer", "freezer.state"))
                    .as("a repeated pause whose client disconnected")
                    .isEqualTo("FROZEN");
        }
        end(container);
    }

    private static void pauseAndDisconnect(Container container, Duration after) throws IOException {
        try (ShimConnection connection = ShimConnection.connect(container.shim().socket())) {
            connection.send(Request.FREEZE, new WireWriter(1).bool(true).finish());
            long until = System.nanoTime() + after.toNanos();
            while (System.nanoTime() < until) {
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void anExecInAPausedContainerWaits() throws Exception {
        Container container = launch(shell("exec sleep 1000").pids(16));
        manager.containers().pause(container, true);

        var captured = CompletableFuture.supplyAsync(() -> {
            try {
                return container.shim().capture(List.of("/bin/echo", "ran"), Duration.ofSeconds(60));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        Awaitility.await()
                .until(() -> file(container, "freezer", "cgroup.procs").lines().count() > 1);
        Awaitility.await().during(Duration.ofMillis(200)).until(() -> !captured.isDone());
        manager.containers().pause(container, false);

        assertThat(captured.get(10, TimeUnit.SECONDS).output()).isEqualTo("ran\n");
        end(container);
    }

    private static long written(Container container) throws IOException {
        return container.log().tail(1).end();
    }

    private static Path freezer(Container container) {
        return Path.of("/sys/fs/cgroup/freezer", "nucleus-" + container.id());
    }

    @Test
    void aPausedContainerCanBeStoppedAndKilled() {
        Container stopped = launch(shell("trap 'exit 7' TERM; echo ready; while true; do sleep 0.05; done"));
        Awaitility.await().until(() -> !stopped.log().tail(10).lines().isEmpty());
        manager.containers().pause(stopped, true);

        assertThat(manager.containers()
                        .stop(stopped, StopSpec.DEFAULT)
                        .status()
                        .orElseThrow()
                        .code())
                .isEqualTo(7);
        manager.containers().remove(stopped);

        Container killed = launch(shell("exec sleep 1000"));
        manager.containers().pause(killed, true);
        end(killed);
        assertThatThrownBy(() -> manager.containers().pause(killed, true)).isInstanceOf(InvalidSpecException.class);
    }

    @Test
    void usageFiguresComeFromTheKernel() {
        Container container = launch(shell("head -c 20M /dev/zero | tail >/tmp/x; sleep 1000")
                .memory(Optional.of(MemorySize.parse("128M")))
                .cpus(Optional.of(new Cpus(1)))
                .pids(32));

        Awaitility.await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
            CgroupUsage usage = manager.usage(container.id());
            assertThat(usage.memoryPeak().orElseThrow()).isGreaterThan(20 << 20);
            assertThat(usage.memoryLimit()).contains(128L << 20);
            assertThat(usage.processLimit()).contains(32L);
            assertThat(usage.processes().orElseThrow()).isBetween(1L, 4L);
        });
        end(container);
    }

    @Test
    void theClocksOfATimeNamespaceStartWithTheContainer() {
        var own = manager.run(
                shell("cut -d. -f1 /proc/uptime").timeNamespace(true).build());
        var hosts = manager.run(shell("cut -d. -f1 /proc/uptime").build());

        assertThat(Long.parseLong(own.out().strip())).isLessThan(10);
        assertThat(Long.parseLong(hosts.out().strip())).isGreaterThan(60);
    }

    @Test
    void anExecHasTheContainersClocks() throws IOException {
        Container container = launch(shell("exec sleep 1000").timeNamespace(true));

        var captured = container.shim().capture(List.of("cut", "-d.", "-f1", "/proc/uptime"), Duration.ofSeconds(5));

        assertThat(Long.parseLong(captured.output().strip())).isLessThan(10);
        end(container);
    }

    /**
     * A later manager identifies a container by its start time, and kills it by that when the shim is gone. By its own
     * clocks, a container that starts in their first hundredth of a second starts at 0.
     */
    @Test
    void theStartTimeIsByTheHostsClockDespiteATimeNamespace() throws IOException {
        long phase = 99;
        long started = -1;
        for (int attempt = 0; attempt < 100 && started != 0; attempt++) {
            awaitHundredth(phase);
            Container container = launch(shell("exec sleep 1000").timeNamespace(true));

            ContainerState.Running running = container.whileRunning().orElseThrow();
            long ticks = InitProcess.of(running.pid()).orElseThrow().startTicks();
            assertThat(running.startTicks()).isEqualTo(ticks);

            end(container);
            started = ticks % 100;
            phase = Math.floorMod(phase - started, 100);
        }
        assertThat(started)
                .as("the hundredth of a second in which the last container started")
                .isZero();
    }

    /** Waits until the host's uptime is in the wanted hundredth of a second. */
    private static void awaitHundredth(long wanted) throws IOException {
        while (Long.parseLong(Files.readString(Path.of("/proc/uptime")).replaceFirst("^\\d+\\.(\\d\\d) .*\\n$", "$1"))
                != wanted) {
            Thread.onSpinWait();
        }
    }

    private static String disk() throws IOException {
        try (Stream<Path> disks = Files.list(Path.of("/sys/block"))) {
            return Files.readString(disks.sorted().findFirst().orElseThrow().resolve("dev"))
                    .strip();
        }
    }

    @Test
    void diskLimitsAreWritten() throws IOException {
        String disk = disk();
        var limit = IoLimit.parse(disk + " rbps=1M wiops=100");
        Container container = launch(shell("exec sleep 1000").io(List.of(limit)));

        assertThat(file(container, "blkio", "blkio.throttle.read_bps_device")).isEqualTo(disk + " 1048576");
        assertThat(file(container, "blkio", "blkio.throttle.write_iops_device")).isEqualTo(disk + " 100");
        end(container);
    }
}
