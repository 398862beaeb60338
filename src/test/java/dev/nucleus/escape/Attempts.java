package dev.nucleus.escape;

import dev.nucleus.container.LaunchOrder;
import dev.nucleus.rootfs.RootfsAttestation;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Network;
import dev.nucleus.spec.TmpfsMount;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.spec.WorkspaceMount;
import dev.nucleus.support.Remains;
import dev.nucleus.support.TestManager;
import dev.nucleus.support.TestRootfs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Attempts made by a program inside a container, {@code native/escape}, which prints the kernel's answer to each. The
 * same program also runs without Nucleus, as root with every capability: a refusal proves something only if that works.
 */
final class Attempts {

    static final String PROGRAM = "/usr/bin/attempts";

    private static final Path NATIVE = Path.of("target/native").toAbsolutePath();

    private final TestManager manager;
    private final Path rootfs;
    private final Path directory;

    /** @param directory where the root filesystem for the attempts is built */
    Attempts(TestManager manager, Path directory) throws IOException, InterruptedException {
        this.manager = manager;
        this.directory = directory;
        Path program = NATIVE.resolve("attempts");
        run(List.of("make", "-s", "-C", "native", "OUT=" + NATIVE, program.toString()));
        rootfs = TestRootfs.build(
                directory.resolve("rootfs"), "/bin/sh", "/bin/cat", "/bin/ls", "/bin/sleep", "/usr/bin/perl");
        Files.copy(program, rootfs.resolve(PROGRAM.substring(1)));
        RootfsAttestation.attest(rootfs);
    }

    Path rootfs() {
        return rootfs;
    }

    /** The container of a column of the table, with every limit set. */
    ContainerSpec spec(Setting setting, List<VolumeMount> volumes, Network network, List<String> command) {
        return ContainerSpec.builder(setting.mode(), command)
                .runtime(Optional.of(setting.runtime()))
                .rootfs(Optional.of(rootfs))
                .memory(Optional.of(MemorySize.parse("128M")))
                .cpus(Optional.of(new Cpus(1)))
                .pids(64)
                .openFiles(256)
                .volumes(volumes)
                .network(network)
                .allowDegraded(network == Network.HOST)
                .build();
    }

    TestManager.Output run(Setting setting, String... command) {
        return run(spec(setting, List.of(), Network.NONE, List.of(command)));
    }

    private TestManager.Output run(ContainerSpec spec) {
        return manager.run(LaunchOrder.attached(spec));
    }

    /** Empty, world-writable directories of the host. */
    private record Mounts(Path data, Path opt, Path workspace) {

        static Mounts make(Path directory) {
            try {
                Path all = Files.createTempDirectory(directory, "mounts-");
                var mounts = new Mounts(all.resolve("data"), all.resolve("opt"), all.resolve("workspace"));
                for (Path path : List.of(mounts.data, mounts.opt, mounts.workspace)) {
                    Files.createDirectory(path);
                    Files.setAttribute(path, "unix:mode", 0777);
                }
                return mounts;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        List<VolumeMount> volumes(boolean execute) {
            return List.of(
                    new VolumeMount(data.toString(), "/data", false, execute),
                    new VolumeMount(opt.toString(), "/opt/data", false, execute));
        }

        Optional<WorkspaceMount> workspace(boolean execute) {
            return Optional.of(new WorkspaceMount(workspace, WorkspaceMount.Access.BIND_RW, execute));
        }
    }

    /** A container with one of each kind of writable mount, none of them executable. */
    private ContainerSpec.Builder mounted(Setting setting, Mounts mounts, List<String> command) {
        return spec(setting, mounts.volumes(false), Network.NONE, command)
                .change()
                .tmpfs(List.of(TmpfsMount.parse("/scratch:16M")))
                .workspace(mounts.workspace(false));
    }

    private Map<String, Verdict> verdicts(ContainerSpec.Builder spec) {
        return read(run(spec.build()).out().lines().toList());
    }

    /** @return verdicts by the attempt's name, in the program's order */
    Map<String, Verdict> inside(Setting setting) {
        return verdicts(mounted(setting, Mounts.make(directory), List.of(PROGRAM)));
    }

    /** Some attempts, with every writable mount executable. */
    Map<String, Verdict> withExecution(Setting setting, List<String> names) {
        Mounts mounts = Mounts.make(directory);
        return verdicts(mounted(setting, mounts, command(names))
                .volumes(mounts.volumes(true))
                .tmpfs(List.of(
                        TmpfsMount.parse("/scratch:16M:exec"),
                        TmpfsMount.parse("/tmp:16M:exec"),
                        TmpfsMount.parse("/dev/shm:16M:exec")))
                .homeExecute(true)
                .workspace(mounts.workspace(true)));
    }

    /** Some attempts, with a workspace of which only the path is specified. */
    Map<String, Verdict> inDefaultWorkspace(Setting setting, List<String> names) {
        Mounts mounts = Mounts.make(directory);
        return verdicts(mounted(setting, mounts, command(names))
                .workspace(Optional.of(WorkspaceMount.parse(mounts.workspace().toString(), setting.mode()))));
    }

    private static List<String> command(List<String> names) {
        var command = new ArrayList<>(List.of(PROGRAM));
        command.addAll(names);
        return command;
    }

    /**
     * The attempts that are harmless to the machine, each in its own root and without Nucleus: bubblewrap sets no
     * seccomp filter and keeps every capability.
     */
    Map<String, Verdict> without() throws IOException, InterruptedException {
        var lines = new ArrayList<String>();
        Path scratch = Files.createTempDirectory("nucleus-escape-");
        try {
            int number = 0;
            for (String name : run(List.of(NATIVE.resolve("attempts").toString(), "--list"))) {
                lines.addAll(run(bubblewrap(worldOf(scratch, number++), name)));
            }
        } finally {
            Remains.delete(scratch);
        }
        return read(lines);
    }

    /** A root for the program, which is dynamically linked, with mount points for its libraries. */
    private static Path worldOf(Path scratch, int number) throws IOException {
        Path world = scratch.resolve("world-" + number);
        for (String directory : List.of(
                "usr/bin",
                "usr/lib",
                "usr/lib64",
                "etc",
                "home/agent",
                "run",
                "data",
                "opt/data",
                "scratch",
                "workspace")) {
            Files.createDirectories(world.resolve(directory));
        }
        Files.copy(NATIVE.resolve("attempts"), world.resolve(PROGRAM.substring(1)));
        Files.createSymbolicLink(world.resolve("lib"), Path.of("usr/lib"));
        Files.createSymbolicLink(world.resolve("lib64"), Path.of("usr/lib64"));
        for (String file : List.of("passwd", "hosts", "shadow")) {
            Files.writeString(world.resolve("etc").resolve(file), "root\n");
        }
        return world;
    }

    private List<String> bubblewrap(Path world, String name) {
        var command = new ArrayList<>(List.of("bwrap", "--bind", world.toString(), "/"));
        for (String libraries : List.of("/usr/lib", "/usr/lib64")) {
            command.addAll(List.of("--ro-bind", rootfs + libraries, libraries));
        }
        command.addAll(List.of("--ro-bind", rootfs + "/usr/bin/cat", "/usr/bin/cat"));
        command.addAll(List.of("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/dev/shm"));
        for (String kind : List.of("pid", "ipc", "uts", "net", "cgroup")) {
            command.add("--unshare-" + kind);
        }
        command.addAll(List.of("--cap-add", "ALL", PROGRAM, name));
        return command;
    }

    private static Map<String, Verdict> read(List<String> lines) {
        var verdicts = new LinkedHashMap<String, Verdict>();
        for (String line : lines) {
            List<String> fields = List.of(line.split("\t", -1));
            verdicts.put(fields.getFirst(), new Verdict(fields.get(1).equals("denied"), fields.getLast()));
        }
        return verdicts;
    }

    /** Lines of standard output. They also tell whether an attempt succeeded, so the exit code is ignored. */
    private static List<String> run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (var reader = process.inputReader()) {
            List<String> lines = reader.readAllLines();
            process.waitFor();
            return lines;
        }
    }
}
