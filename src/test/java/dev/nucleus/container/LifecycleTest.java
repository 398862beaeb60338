package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.nucleus.log.ContainerLog;
import dev.nucleus.plan.LaunchStep;
import dev.nucleus.preparation.Workload;
import dev.nucleus.shim.LaunchException;
import dev.nucleus.shim.ShimConnection;
import dev.nucleus.shim.ShimMessage;
import dev.nucleus.shim.Ticket;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Port;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.support.NeedsHostAlone;
import dev.nucleus.support.Remains;
import dev.nucleus.support.Seeds;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.StreamClient;
import dev.nucleus.support.TestManager;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A container's lifecycle: streams, signals, stop, exec, dial and failures, with nothing left behind. */
@Tag("isolation")
@NeedsHostAlone
class LifecycleTest {

    private static final StopSpec NOW = new StopSpec(Signal.KILL, Duration.ZERO);

    @SharedManager
    private static TestManager manager;

    private static ContainerSpec spec(List<VolumeMount> volumes, String seccomp, String workdir, String... command) {
        return ContainerSpec.builder(Mode.AGENT, List.of(command))
                .workdir(workdir.isEmpty() ? Optional.empty() : Optional.of(workdir))
                .volumes(volumes)
                .seccomp(seccomp)
                .build();
    }

    private static Container launch(ContainerSpec spec) {
        return manager.containers().launch(LaunchOrder.detached(spec));
    }

    private static List<String> logOf(Container container) throws IOException {
        return container.log().tail(1000).lines().stream()
                .map(ContainerLog.Line::text)
                .toList();
    }

    private static void awaitLog(Container container, String line) {
        Awaitility.await(line + " in the log")
                .pollInterval(Duration.ofMillis(2))
                .until(() -> logOf(container).contains(line));
    }

    private static String permissions(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    @Test
    void theRecordIsWrittenAtTheStartAndReadableByItsOwnerOnly() throws IOException {
        Container container = manager.launch("/bin/sh", "-c", "echo up; exec sleep 1000");
        try {
            Path record = container.directory().resolve("state.json");

            assertThat(Files.readAllBytes(record)).isEqualTo(ContainerStore.encode(container.record()));
            assertThat(permissions(record)).isEqualTo("rw-------");
            assertThat(permissions(container.directory())).isEqualTo("rwx------");
            awaitLog(container, "up");
            assertThat(permissions(container.directory().resolve("logs"))).isEqualTo("rwx------");
        } finally {
            manager.containers().stop(container, NOW);
        }
    }

    @Test
    void aFailingListenerDoesNotLoseTheContainer() {
        manager.listen(ContainerEvent.Started.class, event -> {
            if (event.container().name().equals("disliked")) {
                throw new IllegalStateException("I don't like it");
            }
        });
        Container container = manager.containers()
                .launch(LaunchOrder.detached(
                        Optional.of("disliked"), ContainerSpec.of(Mode.AGENT, List.of("/bin/sleep", "1000"))));

        assertThat(manager.containers().find("disliked")).isSameAs(container);
        assertThat(manager.containers().stop(container, NOW).status()).isPresent();
    }

    /** Repeated: on one processor, one run in six once lost its standard error, which was forwarded after the exit. */
    @Test
    void standardOutputStandardErrorAndExitCodeArriveSeparately() {
        for (int i = 0; i < 60; i++) {
            assertThat(manager.sh("echo out; echo err >&2; printf part; exit 7"))
                    .isEqualTo(new TestManager.Output(7, "out\npart", "err\n"));
        }
    }

    @Test
    void largeOutputArrivesCompletelyAcrossLogRotation() {
        var output = manager.run(spec(
                List.of(),
                "default",
                "",
                "/usr/bin/perl",
                "-e",
                "for (1..200000) { print \"$_ \", 'x' x 200, \"\\n\" }"));

        assertThat(output.out().lines().count()).isEqualTo(200_000);
        assertThat(output.out()).startsWith("1 x").endsWith("200000 " + "x".repeat(200) + "\n");
    }

    @Test
    void aKilledWorkloadHasTheExitCodeThatShellsReport() throws Exception {
        Container container = manager.launch("/bin/sleep", "60");

        container.shim().signal(Signal.KILL);

        assertThat(container.end().get(10, TimeUnit.SECONDS).status().orElseThrow())
                .hasToString("killed by SIGKILL")
                .extracting("code")
                .isEqualTo(137);
    }

    @Test
    void aStopLetsTheWorkloadCleanUp() throws IOException {
        Container container = manager.launch(
                "/bin/sh", "-c", "trap 'echo cleaned up; exit 4' TERM; echo ready; while :; do sleep 0.01; done");
        awaitLog(container, "ready");

        var stopped = manager.containers().stop(container, StopSpec.DEFAULT);

        assertThat(stopped.status().orElseThrow().code()).isEqualTo(4);
        assertThat(logOf(container)).contains("cleaned up");
    }

    @Test
    void aWorkloadThatIgnoresTermIsKilledAfterTheGracePeriod() {
        Container container = manager.launch("/bin/sh", "-c", "trap : TERM; echo ready; while :; do sleep 0.01; done");
        awaitLog(container, "ready");
        long begun = System.nanoTime();

        var stopped = manager.containers().stop(container, new StopSpec(Signal.TERM, Duration.ofMillis(300)));

        assertThat(stopped.status().orElseThrow().signal()).contains(Signal.KILL);
        assertThat(Duration.ofNanos(System.nanoTime() - begun))
                .isBetween(Duration.ofMillis(300), Duration.ofSeconds(3));
    }

    @Test
    void aWorkloadWithoutAHandlerExitsOnTheStopSignal() {
        Container container = manager.launch("/bin/sleep", "60");
        long begun = System.nanoTime();

        manager.containers().stop(container, new StopSpec(Signal.TERM, Duration.ofSeconds(30)));

        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void stoppingAndRemovingAreIdempotent() {
        Container container = manager.launch("/bin/sleep", "60");

        var first = manager.containers().stop(container, NOW);

        assertThat(manager.containers().stop(container, NOW)).isEqualTo(first);
        manager.containers().remove(container);
        manager.containers().remove(container);
        assertThatThrownBy(() -> manager.containers().find(container.id())).isInstanceOf(InvalidSpecException.class);
    }

    @Test
    void aReaderThatReconnectsResumesAtItsOffset() throws IOException {
        Container container = manager.launch(
                "/usr/bin/perl",
                "-e",
                "$|=1; for (1..3000) { print \"line $_\\n\"; select(undef,undef,undef,0.0001) } sleep 60");
        var whole = new ByteArrayOutputStream();
        try {
            long offset = 0;
            // Each connection reads one message and is closed; the next one resumes at the offset.
            while (!whole.toString(StandardCharsets.UTF_8).contains("line 3000\n")) {
                try (ShimConnection connection = container.shim().log(offset, true)) {
                    if (connection.receive().orElseThrow() instanceof ShimMessage.Data(var at, var bytes)) {
                        assertThat(at).isEqualTo(offset);
                        whole.write(bytes);
                        offset = at + bytes.length;
                    }
                }
            }
        } finally {
            manager.containers().stop(container, NOW);
        }

        List<String> lines = whole.toString(StandardCharsets.UTF_8)
                .lines()
                .map(line -> ContainerLog.parse(line).orElseThrow().text())
                .toList();
        assertThat(lines)
                .isEqualTo(IntStream.rangeClosed(1, 3000)
                        .mapToObj(i -> "line " + i)
                        .toList());
    }

    @Test
    void anExecsClientReceivesAllItsOutput() throws IOException {
        Container container = manager.launch("/bin/sleep", "60");
        var ticket = new Ticket();
        try (ShimConnection connection = container
                .shim()
                .exec(
                        List.of("/bin/sh", "-c", "seq 1 100000; exit 5"),
                        false,
                        Optional.empty(),
                        "",
                        List.of(),
                        ticket)) {
            assertThat(connection.receive().orElseThrow()).isInstanceOf(ShimMessage.ExecStarted.class);
            try (StreamClient client = StreamClient.attach(container.shim(), ticket)) {
                var exited = (ShimMessage.ExecExited) connection.receive().orElseThrow();

                assertThat(exited.status().code()).isEqualTo(5);
                assertThat(client.awaitOutput())
                        .isEqualTo(IntStream.rangeClosed(1, 100_000)
                                .mapToObj(i -> i + "\n")
                                .collect(Collectors.joining()));
            }
        } finally {
            manager.containers().stop(container, NOW);
        }
    }

    @Test
    void anExecThatHangsIsKilledAtItsTimeLimit() throws IOException {
        Container container = manager.launch("/bin/sleep", "60");
        try {
            var captured = container.shim().capture(List.of("/bin/sleep", "60"), Duration.ofMillis(200));

            assertThat(captured.timedOut()).isTrue();
            assertThat(captured.status().signal()).contains(Signal.KILL);
        } finally {
            manager.containers().stop(container, NOW);
        }
    }

    @Test
    void theCapturedOutputOfAHundredMegabytesIsTruncated() throws IOException {
        Container container = manager.launch("/bin/sleep", "60");
        try {
            var captured = container
                    .shim()
                    .capture(
                            List.of("/usr/bin/perl", "-e", "print 'x' x (1 << 20) for 1..100"), Duration.ofSeconds(30));

            assertThat(captured.status().code()).isZero();
            assertThat(captured.output()).hasSize(4096);
        } finally {
            manager.containers().stop(container, NOW);
        }
    }

    @Test
    void anExecOfAMissingCommandFailsWithTheReason() throws IOException {
        Container container = manager.launch("/bin/sleep", "60");
        try {
            assertThatThrownBy(() -> container.shim().capture(List.of("/nosuch"), Duration.ofSeconds(5)))
                    .isInstanceOf(LaunchException.class)
                    .hasMessageContaining("execute /nosuch");
        } finally {
            manager.containers().stop(container, NOW);
        }
    }

    @Test
    void aSignalReachesAnExec() throws IOException {
        Container container = manager.launch("/bin/sleep", "60");
        var ticket = new Ticket();
        try (ShimConnection connection = container
                .shim()
                .exec(
                        List.of("/bin/sh", "-c", "trap 'exit 9' INT; echo ready; while :; do sleep 0.01; done"),
                        false,
                        Optional.empty(),
                        "",
                        List.of(),
                        ticket)) {
            int id = ((ShimMessage.ExecStarted) connection.receive().orElseThrow()).id();
            try (StreamClient client = StreamClient.attach(container.shim(), ticket)) {
                Awaitility.await().until(() -> client.output().contains("ready"));

                container.shim().signalExec(id, Signal.parse("INT"));

                var exited = (ShimMessage.ExecExited) connection.receive().orElseThrow();
                assertThat(exited.status().code()).isEqualTo(9);
            }
        } finally {
            manager.containers().stop(container, NOW);
        }
    }

    @Test
    void aDialReachesAPortInsideButNoneOfTheHost() throws Exception {
        String echo = "use IO::Socket::INET; my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 7777,"
                + " Listen => 5, ReuseAddr => 1) or die $!; $|=1; print \"ready\\n\";"
                + " while (my $c = $s->accept) { while (my $l = <$c>) { print $c uc $l } close $c }";
        Container container = launch(spec(List.of(), "network-server", "", "/usr/bin/perl", "-e", echo));
        try {
            awaitLog(container, "ready");
            try (SocketChannel channel = container.shim().dial(new Port(7777), Duration.ofSeconds(5))) {
                channel.write(ByteBuffer.wrap("hello\n".getBytes(StandardCharsets.UTF_8)));
                channel.shutdownOutput();
                ByteBuffer answer = ByteBuffer.allocate(64);
                while (channel.read(answer) >= 0) {
                    assertThat(answer.hasRemaining()).isTrue();
                }
                assertThat(new String(answer.array(), 0, answer.position(), StandardCharsets.UTF_8))
                        .isEqualTo("HELLO\n");
            }
            assertThatThrownBy(() -> container.shim().dial(new Port(manager.port()), Duration.ofSeconds(5)))
                    .as("the manager's own port is unreachable")
                    .hasMessageContaining("ECONNREFUSED");
        } finally {
            manager.containers().stop(container, NOW);
        }
    }

    @Test
    void aDialReachesAServerThatListensOnIpv6Only() throws Exception {
        String server = "use IO::Socket::IP; my $s = IO::Socket::IP->new(LocalHost => '::1', LocalPort => 7777,"
                + " Listen => 5, V6Only => 1) or die $@; $|=1; print \"ready\\n\";"
                + " while (my $c = $s->accept) { print $c '6'; close $c }";
        Container container = launch(spec(List.of(), "network-server", "", "/usr/bin/perl", "-e", server));
        try {
            awaitLog(container, "ready");
            try (SocketChannel channel = container.shim().dial(new Port(7777), Duration.ofSeconds(5))) {
                ByteBuffer answer = ByteBuffer.allocate(1);
                channel.read(answer);
                assertThat(answer.get(0)).isEqualTo((byte) '6');
            }
            assertThatThrownBy(() -> container.shim().dial(new Port(7778), Duration.ofSeconds(5)))
                    .as("nothing listens on either address")
                    .hasMessageContaining("ECONNREFUSED");
        } finally {
            manager.containers().stop(container, NOW);
        }
    }

    @Test
    void aNameIsUniqueAmongLiveContainers() {
        var order = LaunchOrder.detached(Optional.of("twin"), spec(List.of(), "default", "", "/bin/sleep", "60"));
        Container first = manager.containers().launch(order);

        assertThatThrownBy(() -> manager.containers().launch(order)).hasMessageContaining("'twin' is live already");

        manager.containers().stop(first, NOW);
        manager.containers().stop(manager.containers().launch(order), NOW);
    }

    @Test
    void aNamedVolumeOutlivesItsContainersAndBelongsToTheirUser() throws IOException {
        Path path = manager.directory().resolve("volume");
        var volumes = Map.of("data", new Workload.HostVolume(path, Optional.empty()));
        var mount = List.of(VolumeMount.parse("data:/data"));
        for (int i = 1; i <= 2; i++) {
            var output = manager.run(
                    LaunchOrder.attached(spec(mount, "default", "", "/bin/sh", "-c", "echo x >> /data/f; cat /data/f"))
                            .named(Optional.of("keeper"))
                            .withVolumes(volumes));

            assertThat(output.out()).isEqualTo("x\n".repeat(i));
        }
        assertThat((Integer) Files.getAttribute(path, "unix:uid")).isGreaterThan(1_879_048_191);
        var readOnly = manager.run(LaunchOrder.attached(spec(
                        List.of(VolumeMount.parse("data:/data:ro")),
                        "default",
                        "",
                        "/bin/sh",
                        "-c",
                        "echo y > /data/f"))
                .named(Optional.of("keeper"))
                .withVolumes(volumes));
        assertThat(readOnly.code()).isNotZero();
    }

    @Test
    void aLinkPlantedInAVolumeDoesNotReachTheHost() throws IOException {
        Path path = Files.createDirectories(manager.directory().resolve("planted"));
        Files.createSymbolicLink(path.resolve("escape"), Path.of("/etc/shadow"));

        assertThat(manager.run(spec(
                                List.of(VolumeMount.parse(path + ":/data")), "default", "", "/bin/cat", "/data/escape"))
                        .code())
                .isNotZero();
    }

    private static LaunchException failure(ContainerSpec spec) {
        var before = Remains.cgroups();
        LaunchException failure = catchThrowableOfType(LaunchException.class, () -> launch(spec));
        assertThat(failure).isNotNull();
        assertThat(manager.containers().all()).noneMatch(Container::isRunning);
        assertThat(Remains.added(before, Remains.cgroups())).isEmpty();
        return failure;
    }

    @Test
    void aFailedLaunchNamesTheStepTheErrnoAndARemedy() {
        assertThat(failure(spec(List.of(), "default", "", "/nosuch/program")))
                .hasMessageContaining("launch failed at exec")
                .hasMessageContaining("ENOENT")
                .hasMessageContaining("the program is not in the container")
                .extracting(LaunchException::step)
                .isEqualTo(LaunchStep.EXEC);
        assertThat(failure(spec(List.of(), "default", "", "/etc/passwd")))
                .hasMessageContaining("EACCES")
                .hasMessageContaining("may not execute");
        assertThat(failure(spec(List.of(), "default", "/nosuch", "/bin/true")))
                .hasMessageContaining("enter the working directory /nosuch");
        assertThat(failure(spec(List.of(VolumeMount.parse("/nosuch/source:/data")), "default", "", "/bin/true")))
                .hasMessageContaining("bind /data from /nosuch/source")
                .hasMessageContaining("create /nosuch/source on the host first")
                .extracting(LaunchException::step)
                .isEqualTo(LaunchStep.ROOTFS);
        assertThat(failure(spec(List.of(VolumeMount.parse("/opt:/usr/nosuch")), "default", "", "/bin/true")))
                .hasMessageContaining("EROFS")
                .hasMessageContaining("make the directory in the rootfs");
        assertThat(failure(spec(List.of(), "default", "", "nosuchprogram")))
                .hasMessageContaining("searched along PATH=");
    }

    /** The OOM killer ends the launch, or the workload soon after it; the shim survives, reports it and cleans up. */
    @Test
    void tooLittleMemoryToStartKillsTheContainerButNotItsShim() {
        var before = Remains.cgroups();
        for (String memory : List.of("20K", "40K", "80K", "120K", "200K", "300K")) {
            ContainerSpec spec = ContainerSpec.builder(Mode.AGENT, List.of("/bin/true"))
                    .memory(Optional.of(MemorySize.parse(memory)))
                    .build();

            try {
                assertThat(manager.run(spec).code()).as(memory).isIn(0, 137);
            } catch (LaunchException e) {
                assertThat(e).as(memory).hasMessageNotContaining("without a word");
            }
        }

        Awaitility.await()
                .untilAsserted(() ->
                        assertThat(Remains.added(before, Remains.cgroups())).isEmpty());
        assertThat(manager.sh("echo fine").out()).isEqualTo("fine\n");
    }

    @Test
    void runningContainersAreUnaffectedByFailingLaunches() throws IOException {
        Container container = manager.launch("/bin/sleep", "60");

        for (int i = 0; i < 20; i++) {
            assertLaunchFails();
        }

        assertThat(container.isRunning()).isTrue();
        assertThat(container
                        .shim()
                        .capture(List.of("/bin/echo", "fine"), Duration.ofSeconds(5))
                        .output())
                .isEqualTo("fine\n");
        manager.containers().stop(container, NOW);
    }

    private static void assertLaunchFails() {
        assertThatThrownBy(() -> launch(spec(List.of(), "default", "", "/nosuch/program")))
                .isInstanceOf(LaunchException.class);
    }

    @Test
    void twoHundredSequentialAndFiftyConcurrentRunsLeaveNothingBehind() throws IOException {
        manager.sh("true");
        Awaitility.await("its spawner is left, and possibly one that starts")
                .until(() -> Remains.processes().stream()
                                .filter(process -> manager.nativeProcesses()
                                        .contains(Long.parseLong(process.substring(0, process.indexOf(' ')))))
                                .count()
                        <= 2);
        var processes = Remains.processes();
        var cgroups = Remains.cgroups();
        var namespaces = Remains.namespaces();
        var mounts = Remains.mounts();

        for (int i = 0; i < 200; i++) {
            assertThat(manager.sh("exit 0").code()).isZero();
        }
        List<Thread> threads = new ArrayList<>();
        List<Integer> codes = Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 50; i++) {
            threads.add(Thread.ofVirtual()
                    .start(() -> codes.add(manager.sh("exit 3").code())));
        }
        threads.forEach(thread -> {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });

        assertThat(codes).hasSize(50).containsOnly(3);
        Awaitility.await("nothing is left behind")
                .atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> {
                    assertThat(Remains.added(processes, Remains.processes())).isEmpty();
                    assertThat(Remains.added(cgroups, Remains.cgroups())).isEmpty();
                    assertThat(Remains.added(namespaces, Remains.namespaces())).isEmpty();
                });
        assertThat(Remains.mounts()).isEqualTo(mounts);
        assertThat(manager.containers().all())
                .noneMatch(container -> container.record().attached());
        try (Stream<Path> sockets = Files.list(manager.directory().resolve("run/c"))) {
            assertThat(sockets).isEmpty();
        }
    }

    /** Only the sender is affected: it receives an error, and the spawner survives. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4, 5, 64, 4096})
    void malformedRequestsAreRefusedAndTheSpawnerSurvives(int length) throws IOException {
        ProcessHandle spawner = manager.spawner().process().orElseThrow();
        for (long seed = 0; seed < 20; seed++) {
            var bytes = new byte[length];
            Seeds.random(seed).nextBytes(bytes);
            try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                channel.connect(UnixDomainSocketAddress.of(manager.directory().resolve("run/spawner.sock")));
                ByteBuffer frame = ByteBuffer.allocate(length + 5).order(ByteOrder.LITTLE_ENDIAN);
                frame.putInt(length).put((byte) 1).put(bytes).flip();
                channel.write(frame);
                ByteBuffer answer = ByteBuffer.allocate(512);
                while (channel.read(answer) >= 0) {
                    assertThat(answer.hasRemaining()).isTrue();
                }
                assertThat(answer.get(4)).as("ANSWER_FAILED").isEqualTo((byte) 0x83);
            }
        }

        assertThat(spawner.isAlive()).isTrue();
        assertThat(manager.sh("echo still here").out()).isEqualTo("still here\n");
    }

    @Test
    void aKilledSpawnerIsReplacedWithoutAffectingContainers() throws IOException {
        Container container = manager.launch("/bin/sleep", "60");
        ProcessHandle spawner = manager.spawner().process().orElseThrow();

        spawner.destroyForcibly();

        Awaitility.await("a new spawner runs")
                .until(() -> manager.spawner()
                        .process()
                        .map(now -> now.isAlive() && now.pid() != spawner.pid())
                        .orElse(false));
        assertThat(container.isRunning()).isTrue();
        assertThat(container
                        .shim()
                        .capture(List.of("/bin/echo", "fine"), Duration.ofSeconds(5))
                        .output())
                .isEqualTo("fine\n");
        assertThat(manager.sh("exit 6").code()).isEqualTo(6);
        manager.containers().stop(container, NOW);
    }

    @Test
    void aKilledShimTakesItsContainerWithItAndLeavesNoCgroup() throws Exception {
        Container container = manager.launch("/bin/sleep", "60");
        long pid = container.whileRunning().orElseThrow().pid();
        long shim = Long.parseLong(Files.readAllLines(Path.of("/proc", Long.toString(pid), "status")).stream()
                .filter(line -> line.startsWith("PPid:"))
                .findFirst()
                .orElseThrow()
                .substring("PPid:".length())
                .strip());

        ProcessHandle.of(shim).orElseThrow().destroyForcibly();

        assertThat(container.end().get(10, TimeUnit.SECONDS).status()).isEmpty();
        Awaitility.await("the workload is gone")
                .until(() -> ProcessHandle.of(pid).isEmpty());
        Remains.awaitNone(List.of(container.id()));
    }
}
