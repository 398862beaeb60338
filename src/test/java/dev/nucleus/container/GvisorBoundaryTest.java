package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.rootfs.RootfsAttestation;
import dev.nucleus.shim.LaunchException;
import dev.nucleus.shim.ShimConnection;
import dev.nucleus.shim.ShimMessage;
import dev.nucleus.shim.Ticket;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Port;
import dev.nucleus.spec.Runtime;
import dev.nucleus.spec.SecretMount;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.spec.TmpfsMount;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.spec.WorkspaceMount;
import dev.nucleus.support.Remains;
import dev.nucleus.support.Requires;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.StreamClient;
import dev.nucleus.support.TestManager;
import dev.nucleus.support.TestRootfs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** gVisor's runtime runs as root: how it handles paths and files that a container can change. */
@Tag("isolation")
class GvisorBoundaryTest {

    private static final StopSpec NOW = new StopSpec(Signal.KILL, Duration.ZERO);
    private static final Duration AMPLE = Duration.ofSeconds(30);
    private static final LaunchPlan.Terminal SIZE = new LaunchPlan.Terminal(33, 101);
    private static final int PORT = 8080;
    /** Sends one line to each client that connects to the port. */
    private static final List<String> SERVER = List.of(
            "/usr/bin/perl",
            "-MSocket",
            "-e",
            "socket(S, PF_INET, SOCK_STREAM, 0); bind(S, sockaddr_in(" + PORT + ", INADDR_ANY)) or die $!;"
                    + " listen(S, 5); while (accept(C, S)) { syswrite(C, \"up\\n\"); close(C) }");

    @SharedManager
    private static TestManager manager;

    /** A directory of the host that contains all files of a test. */
    private Path directory;

    private final List<Container> launched = new ArrayList<>();

    @BeforeEach
    void prepare() throws IOException {
        Requires.program("/usr/bin/runsc", "runsc");
        // Containers have a /tmp too, so a link to this directory can be resolved on both sides.
        directory = Files.createTempDirectory(Path.of("/tmp"), "nucleus-victim-");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    @AfterEach
    void remove() throws IOException {
        for (Container container : launched) {
            manager.containers().stop(container, NOW);
            manager.containers().remove(container);
        }
        Remains.delete(directory);
    }

    private static void makeWorldWritable(Path path) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxrwxrwx"));
    }

    private Path makeDirectory(String name) throws IOException {
        Path made = Files.createDirectories(directory.resolve(name));
        makeWorldWritable(made);
        return made;
    }

    private static VolumeMount volume(Path source, String target) {
        return new VolumeMount(source.toString(), target, false);
    }

    private static ContainerSpec.Builder spec(List<String> command) {
        return ContainerSpec.builder(Mode.AGENT, command)
                .runtime(Optional.of(Runtime.GVISOR))
                .memory(Optional.of(MemorySize.parse("256M")))
                .cpus(Optional.of(new Cpus(2)));
    }

    private static ContainerSpec.Builder sh(String script) {
        return spec(List.of("/bin/sh", "-c", script));
    }

    private Container launch(ContainerSpec.Builder spec) {
        Container container = manager.containers().launch(LaunchOrder.detached(spec.build()));
        launched.add(container);
        return container;
    }

    private static void assertServerAnswers(Container container) throws IOException {
        Awaitility.await("the server answers").atMost(AMPLE).ignoreExceptions().until(() -> {
            try (var channel = container.shim().dial(new Port(PORT), AMPLE)) {
                var answer = ByteBuffer.allocate(3);
                while (answer.hasRemaining() && channel.read(answer) >= 0) {}
                return new String(answer.array(), StandardCharsets.UTF_8).equals("up\n");
            }
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"/run/x", "/data", "/srv"})
    void noProgramInAVolumeIsExecutedOnTheHost(String target) throws IOException {
        Path witness = directory.resolve("executed");
        Path volume = makeDirectory("volume");
        for (Path program : List.of(volume.resolve("relay"), volume.resolve("nucleus/relay"))) {
            Files.createDirectories(program.getParent());
            Files.writeString(program, "#!/bin/sh\nid > " + witness + "\nexec touch \"$2\"\n");
            makeWorldWritable(program);
        }

        Container container = launch(spec(SERVER).seccomp("network-server").volumes(List.of(volume(volume, target))));

        // The runtime's hook has run: it reports the start.
        assertThat(witness).doesNotExist();
        assertServerAnswers(container);
        assertThat(witness).doesNotExist();
    }

    @Test
    void aTmpfsOverRunHidesNeitherTheRelayNorSecrets() throws IOException {
        Path secret = Files.writeString(directory.resolve("secret"), "word");
        Container container = launch(spec(SERVER)
                .seccomp("network-server")
                .tmpfs(List.of(TmpfsMount.parse("/run:8M")))
                .secrets(List.of(new SecretMount(secret.toString(), "word", SecretMount.DEFAULT_MODE))));

        assertServerAnswers(container);
        assertThat(container
                        .shim()
                        .capture(List.of("/bin/cat", "/run/secrets/word"), AMPLE)
                        .output())
                .isEqualTo("word");
    }

    @Test
    void theRuntimesRootContainsNoHostFiles() throws IOException {
        Container container = launch(sh("sleep 60").volumes(List.of(volume(makeDirectory("volume"), "/data"))));
        Path root = Path.of("/proc/" + container.whileRunning().orElseThrow().pid() + "/root");

        try (Stream<Path> entries = Files.list(root)) {
            assertThat(entries.map(entry -> entry.getFileName().toString()))
                    .containsExactlyInAnyOrder("bundle", "dev", "hook", "proc", "rootfs", "tmp", "usr", "volumes");
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve("hook"))))
                .isEqualTo("r-x------");
        assertThatThrownBy(() -> Files.createFile(root.resolve("new"))).hasMessageContaining("Read-only file system");
        try (Stream<Path> programs = Files.walk(root.resolve("usr"))) {
            assertThat(programs.filter(Files::isRegularFile)).containsExactly(root.resolve("usr/bin/runsc"));
        }
    }

    @Test
    void aLinkInTheRootFilesystemIsResolvedInsideTheContainer() throws Exception {
        Path victim = makeDirectory("victim/place");
        Path own = makeDirectory("own");
        Files.writeString(victim.resolve("word"), "the host's");
        Files.writeString(own.resolve("word"), "the volume's");
        Path rootfs = TestRootfs.build(directory.resolve("rootfs"), "/bin/sh", "/bin/cat");
        // Outside /tmp, which is not taken from the root filesystem; the same path exists on the host.
        Path inside = Path.of("/var/nucleus-" + directory.getFileName());
        Path outside = Files.createSymbolicLink(inside, victim.getParent());
        try {
            Files.createDirectories(Path.of(rootfs + inside.toString()).resolve("place"));
            Files.createSymbolicLink(rootfs.resolve("srv"), inside);

            TestManager.Output output = manager.run(sh("cat /srv/place/word; echo new > /srv/place/new")
                    .rootfs(Optional.of(rootfs))
                    .volumes(List.of(volume(own, "/srv/place")))
                    .build());

            assertThat(output.out()).isEqualTo("the volume's");
            assertThat(own.resolve("new")).exists();
            assertThat(victim.resolve("new")).doesNotExist();
        } finally {
            Files.delete(outside);
        }
    }

    @Test
    void aMountPointThatIsALinkInTheRootFilesystemIsRefused() throws Exception {
        Path rootfs = TestRootfs.build(directory.resolve("rootfs"), "/bin/sh");
        Files.createDirectory(rootfs.resolve("srv"));
        Files.createSymbolicLink(rootfs.resolve("srv/place"), Path.of("/etc"));

        assertThatThrownBy(() -> launch(sh("true")
                        .rootfs(Optional.of(rootfs))
                        .volumes(List.of(volume(makeDirectory("own"), "/srv/place")))))
                .isInstanceOf(LaunchException.class)
                .hasMessageContaining("its mount point, or a directory above it, is a symbolic link");
    }

    /** One launch prepares the next: a directory above the inner volume's mount point becomes a link into the host. */
    @Test
    void aVolumeDirectoryReplacedByALinkIsNotFollowed() throws IOException {
        Path outer = makeDirectory("outer");
        Path inner = makeDirectory("inner");
        Path victim = makeDirectory("victim");
        Files.writeString(victim.resolve("word"), "the host's");
        String name = directory.getFileName() + "/victim";
        List<VolumeMount> volumes = List.of(volume(outer, "/data"), volume(inner, "/data/app/" + name));

        TestManager.Output first = manager.run(sh("echo one > /data/app/" + name + "/one; echo /data/app/" + name + "/*"
                        + "; mv /data/app /data/old 2>/dev/null; echo made > /data/made")
                .volumes(volumes)
                .build());
        // The rename above may fail while the inner volume is mounted; a container without it can do it.
        manager.run(sh("mv /data/app /data/was 2>/dev/null; ln -s /tmp /data/app")
                .volumes(volumes.subList(0, 1))
                .build());

        assertThat(first.out()).as(first.err()).isEqualTo("/data/app/" + name + "/one\n");
        assertThat(inner.resolve("one")).exists();
        assertThat(outer.resolve("app")).isSymbolicLink();
        assertThatThrownBy(
                        () -> launch(sh("echo x > /data/app/" + name + "/word").volumes(volumes)))
                .isInstanceOf(LaunchException.class)
                .hasMessageContaining("its mount point, or a directory above it, is a symbolic link");
        assertThat(victim.resolve("word")).hasContent("the host's");
    }

    /** A process that shares the volume can exchange names while the runtime resolves its mount points. */
    @Test
    void namesExchangedDuringALaunchNeverLeadToTheHost() throws Exception {
        Path outer = makeDirectory("outer");
        Path inner = makeDirectory("inner");
        Path victim = makeDirectory("victim");
        Files.createDirectories(outer.resolve("app"));
        Files.createSymbolicLink(outer.resolve("link"), victim);
        makeWorldWritable(outer.resolve("app"));
        // renameat2(2) with RENAME_EXCHANGE.
        Process swapper = new ProcessBuilder(
                        "perl",
                        "-e",
                        "my ($one, $other) = ('app', 'link'); chdir $ARGV[0] or die; 1 while syscall(316, -100, $one, -100, $other, 2) == 0",
                        "" + outer)
                .start();
        try {
            for (int i = 0; i < 8; i++) {
                // Otherwise only a working directory, which the runtime creates: the launcher doesn't check its path.
                List<VolumeMount> volumes = i % 4 == 0
                        ? List.of(volume(outer, "/data"), volume(inner, "/data/app/new" + i))
                        : List.of(volume(outer, "/data"));
                try {
                    manager.run(sh("true")
                            .workdir(Optional.of("/data/app/work" + i))
                            .volumes(volumes)
                            .build());
                } catch (LaunchException e) {
                    // The launch met the link and was refused.
                    assertThat(e).hasMessageNotContaining(victim.toString());
                }
            }
            assertThat(swapper.isAlive()).as("names were exchanged throughout").isTrue();
        } finally {
            swapper.destroyForcibly().waitFor();
        }

        assertThat(victim).isEmptyDirectory();
    }

    @Test
    void volumesAreMountedAsPlanned() throws IOException {
        Path outer = makeDirectory("outer");
        Path inner = makeDirectory("inner");
        Path fixed = makeDirectory("fixed");
        Path file = Files.writeString(directory.resolve("file"), "old\n");
        Path fixedFile = Files.writeString(directory.resolve("fixed-file"), "fixed\n");
        makeWorldWritable(file);
        makeWorldWritable(fixedFile);
        Files.writeString(fixed.resolve("word"), "read\n");

        TestManager.Output output = manager.run(
                sh("cat /fixed/word /etc/app.conf /data/app.conf; echo new > /etc/app.conf; echo a > /data/a;"
                                + " echo b > /data/in/ner/b; for f in /fixed/x /data/app.conf /etc/x /data/in/ner/../../fix/x;"
                                + " do (echo x > $f) 2>/dev/null && echo wrote $f; done; true")
                        .volumes(List.of(
                                volume(outer, "/data"),
                                volume(inner, "/data/in/ner"),
                                new VolumeMount(fixed.toString(), "/fixed", true),
                                new VolumeMount(fixed.toString(), "/data/fix", true),
                                volume(file, "/etc/app.conf"),
                                new VolumeMount(fixedFile.toString(), "/data/app.conf", true)))
                        .build());

        assertThat(output.out()).as(output.err()).isEqualTo("read\nold\nfixed\n");
        assertThat(file).hasContent("new");
        assertThat(fixedFile).hasContent("fixed");
        assertThat(outer.resolve("a")).exists();
        assertThat(inner.resolve("b")).exists();
        assertThat(fixed.resolve("x")).doesNotExist();
    }

    @Test
    void nestedVolumesAreMountedAndAuditedInProduction() throws Exception {
        Path outer = makeDirectory("outer");
        Path inner = makeDirectory("inner");
        Path rootfs = TestRootfs.build(directory.resolve("rootfs"), "/bin/sh", "/bin/cat");
        Files.createDirectories(rootfs.resolve("var/lib/app"));
        RootfsAttestation.attest(rootfs);

        TestManager.Output output = manager.run(ContainerSpec.builder(
                        Mode.PRODUCTION,
                        List.of("/bin/sh", "-c", "echo a > /var/lib/app/a; echo b > /var/lib/app/in/b; exit 5"))
                .runtime(Optional.of(Runtime.GVISOR))
                .rootfs(Optional.of(rootfs))
                .memory(Optional.of(MemorySize.parse("256M")))
                .cpus(Optional.of(new Cpus(2)))
                .volumes(List.of(volume(outer, "/var/lib/app"), volume(inner, "/var/lib/app/in")))
                .build());

        assertThat(output.code()).as(output.err()).isEqualTo(5);
        assertThat(outer.resolve("a")).exists();
        assertThat(inner.resolve("b")).exists();
    }

    @Test
    void aWorkspaceBelongsToItsOwnerInsideAndOutside() throws IOException {
        Path workspace = makeDirectory("workspace");
        Files.setAttribute(workspace, "unix:uid", 4711);
        Files.setAttribute(workspace, "unix:gid", 4712);
        Files.setPosixFilePermissions(workspace, PosixFilePermissions.fromString("rwx------"));

        TestManager.Output output =
                manager.run(sh("pwd; echo x > new; perl -e 'print((stat q(.))[4] == $< ? qq(own\\n) : qq(not\\n))'")
                        .workspace(Optional.of(WorkspaceMount.parse(workspace + ":bind-rw", Mode.AGENT)))
                        .build());

        assertThat(output.out()).as(output.err()).isEqualTo("/workspace\nown\n");
        assertThat(Files.getAttribute(workspace.resolve("new"), "unix:uid")).isEqualTo(4711);
    }

    private record Ended(String output, int code) {}

    private interface OnReady {
        void accept(int id, StreamClient client) throws IOException;
    }

    /** @param onReady called with the exec's ID and its client once the command has written "ready" */
    private Ended exec(
            Container container, boolean terminal, List<String> command, List<String> environment, OnReady onReady)
            throws IOException {
        var ticket = new Ticket();
        try (ShimConnection connection = container
                .shim()
                .exec(command, true, terminal ? Optional.of(SIZE) : Optional.empty(), "/tmp", environment, ticket)) {
            var started = (ShimMessage.ExecStarted) connection.receive().orElseThrow();
            try (StreamClient client = StreamClient.attach(container.shim(), ticket)) {
                if (command.toString().contains("echo ready")) {
                    Awaitility.await().atMost(AMPLE).until(() -> client.output().contains("ready"));
                    onReady.accept(started.id(), client);
                }
                var exited = (ShimMessage.ExecExited) connection.receive().orElseThrow();
                return new Ended(client.awaitOutput(), exited.status().code());
            }
        }
    }

    private static List<String> commandLines() {
        return ProcessHandle.allProcesses()
                .map(process -> Path.of("/proc/" + process.pid() + "/cmdline"))
                .map(GvisorBoundaryTest::read)
                .toList();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            // The process has exited meanwhile.
            return "";
        }
    }

    @Test
    void argumentsAndEnvironmentOfAnExecAreNotInTheHostsProcessList() throws IOException {
        Container container = launch(sh("sleep 60"));
        String value = "a \"secret\" \\ word\nof two lines, \u00fc and \u4e2d";
        var seen = new ArrayList<String>();

        Ended ended = exec(
                container,
                false,
                List.of(
                        "/bin/sh",
                        "-c",
                        "echo ready; read x; printf '%s|%s|%s' \"$WORD\" \"$1\" \"$HOME\"; exit 9",
                        "sh",
                        "argument\tof\u0001its"),
                List.of("WORD=" + value),
                (_, client) -> {
                    seen.addAll(commandLines());
                    client.type("\n");
                });

        assertThat(ended.output()).isEqualTo("ready\n" + value + "|argument\tof\u0001its|/home/agent");
        assertThat(ended.code()).isEqualTo(9);
        assertThat(seen)
                .anyMatch(line -> line.contains("runsc") && line.contains("exec"))
                .noneMatch(line -> line.contains("secret\" \\ word") || line.contains("argument\tof"));
    }

    @Test
    void anExecCanOverrideAVariableOfTheWorkload() throws IOException {
        Container container = launch(sh("sleep 60").env(Map.of("ONE", "1", "TWO", "2")));

        Ended ended =
                exec(container, false, List.of("/bin/sh", "-c", "echo $ONE $TWO $PWD"), List.of("TWO=3"), (_, _) -> {});

        assertThat(ended.output()).isEqualTo("1 3 /tmp\n");
    }

    @Test
    void anExecIsConfinedLikeTheWorkload() throws IOException {
        Path volume = makeDirectory("volume");
        String report = "id; ulimit -Sa; ulimit -Ha; grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs)' /proc/self/status";
        Container container = launch(sh("(" + report + ") > /data/report 2>&1; mv /data/report /data/whole; sleep 60")
                .volumes(List.of(volume(volume, "/data"))));
        Awaitility.await().atMost(AMPLE).until(() -> Files.exists(volume.resolve("whole")));

        String beside = container
                .shim()
                .capture(List.of("/bin/sh", "-c", "(" + report + ") 2>&1"), AMPLE)
                .output();

        assertThat(beside).isEqualTo(Files.readString(volume.resolve("whole"))).contains("CapEff:\t0000000000000000");
    }

    @Test
    void anExecsTerminalHasTheRequestedSizeAndSendsInterrupts() throws IOException {
        Container container = launch(sh("sleep 60"));

        Ended typed = exec(
                container,
                true,
                List.of(
                        "/bin/sh",
                        "-c",
                        "stty -echo; test -t 0 -a -t 1 && stty size; echo ready; read x; echo \"heard $x\"; exit 3"),
                List.of(),
                (_, client) -> client.type("one\n"));
        Ended interrupted = exec(
                container,
                true,
                List.of("/bin/sh", "-c", "trap 'exit 7' INT; echo ready; while :; do sleep 0.05; done"),
                List.of(),
                (_, client) -> client.type("\u0003"));

        assertThat(typed.output()).isEqualTo("33 101\r\nready\r\nheard one\r\n");
        assertThat(typed.code()).isEqualTo(3);
        assertThat(interrupted.code()).isEqualTo(7);
    }

    @Test
    void aSignalReachesOnlyTheExecItIsSentTo() throws IOException {
        Container container = launch(sh("trap 'exit 1' TERM; while :; do sleep 0.05; done"));

        Ended ended = exec(
                container,
                false,
                List.of("/bin/sh", "-c", "trap 'exit 8' TERM; echo ready; while :; do sleep 0.05; done"),
                List.of(),
                (id, _) -> signal(container, id));

        assertThat(ended.code()).isEqualTo(8);
        assertThat(container.isRunning()).isTrue();
    }

    private static void signal(Container container, int id) {
        // The runtime may write the PID only after the process's first output.
        Awaitility.await().atMost(AMPLE).ignoreExceptions().until(() -> {
            container.shim().signalExec(id, Signal.parse("TERM"));
            return true;
        });
    }

    @Test
    void anExecLeavesNothingInTheBundle() throws IOException {
        Container container = launch(sh("sleep 60"));
        Path bundle = Path.of("/proc/" + container.whileRunning().orElseThrow().pid() + "/root/bundle");

        container.shim().capture(List.of("/bin/true"), AMPLE);

        Awaitility.await("the bundle is unchanged").atMost(AMPLE).until(() -> {
            try (Stream<Path> entries = Files.list(bundle)) {
                return Arrays.equals(
                        entries.map(entry -> entry.getFileName().toString())
                                .sorted()
                                .toArray(),
                        new Object[] {"config.json", "runsc", "started"});
            }
        });
    }
}
