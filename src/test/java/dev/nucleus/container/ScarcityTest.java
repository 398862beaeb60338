package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.spawner.LaunchException;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.support.Command;
import dev.nucleus.support.NeedsHostAlone;
import dev.nucleus.support.Remains;
import dev.nucleus.support.Requires;
import dev.nucleus.support.SmallDisk;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** A host that has run out of something: a launch succeeds, or fails whole. */
@Tag("isolation")
@ExtendWith(OutputCaptureExtension.class)
@NeedsHostAlone
class ScarcityTest {

    private static final ContainerSpec TRUE = ContainerSpec.of(Mode.AGENT, List.of("/bin/true"));

    private Set<String> cgroups = Set.of();
    private List<String> mounts = List.of();

    @BeforeEach
    void look() {
        Requires.root();
        cgroups = Remains.cgroups();
        mounts = Remains.mounts();
    }

    @AfterEach
    void nothingIsLeft() {
        Awaitility.await()
                .untilAsserted(() ->
                        assertThat(Remains.added(cgroups, Remains.cgroups())).isEmpty());
        assertThat(Remains.mounts()).isEqualTo(mounts);
    }

    private interface Change {
        void to(String pid) throws IOException;
    }

    /** Changes the manager's spawner and all it has forked, shims in waiting too; some end meanwhile. */
    private static void toSpawner(Change change) throws IOException {
        for (long pid : spawner()) {
            try {
                change.to(Long.toString(pid));
            } catch (IOException | AssertionError e) {
                if (ProcessHandle.of(pid).isPresent()) {
                    throw e;
                }
            }
        }
    }

    private static List<Long> spawner() {
        return ProcessHandle.current()
                .children()
                .filter(child -> comm(child.pid()).contains("nucleus"))
                .flatMap(child -> Stream.concat(Stream.of(child), child.descendants()))
                .map(ProcessHandle::pid)
                .toList();
    }

    private static String comm(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/comm"));
        } catch (IOException e) {
            return "";
        }
    }

    private static void assertNothingKnown(TestManager manager) throws IOException {
        assertThat(manager.containers().all()).isEmpty();
        assertThat(manager.state().resolve("containers")).isEmptyDirectory();
    }

    @Test
    void withoutSpaceOrInodesForItsRecordALaunchFailsAndLaterOnesDoNot(@TempDir Path directory) throws IOException {
        Path state = directory.resolve("state");
        try (SmallDisk disk = SmallDisk.mount(state, "size=1m,nr_inodes=64");
                TestManager manager = TestManager.startWith(List.of(
                        "--nucleus.state-dir=" + state,
                        // It would take space and inodes when it likes.
                        "--nucleus.history.url=jdbc:sqlite:" + directory.resolve("history.db")))) {
            assertThat(manager.run(TRUE).code()).isZero();
            Path containers = state.resolve("containers");

            // Of memory: the file system's own pages.
            Path filling = disk.fill();
            assertThat(failure(manager)).hasMessageContaining("ENOSPC").hasMessageContaining("state.json");
            assertThat(containers).isEmptyDirectory();
            Files.delete(filling);
            assertThat(manager.run(TRUE).code()).isZero();

            List<Path> files = new ArrayList<>();
            int left = inodes(state) - 1;
            for (int i = 0; i < left; i++) {
                files.add(Files.createFile(state.resolve("inode-" + i)));
            }
            assertThat(failure(manager)).hasMessageContaining("ENOSPC");
            assertThat(containers).isEmptyDirectory();
            for (Path file : files) {
                Files.delete(file);
            }
            assertThat(manager.run(TRUE).code()).isZero();
            assertThat(manager.containers().all()).isEmpty();
        }
    }

    @Test
    void aFullDiskCostsLinesOfTheLogNotTheContainer(@TempDir Path directory) throws IOException {
        Path state = directory.resolve("state");
        try (SmallDisk _ = SmallDisk.mount(state, "size=768k");
                TestManager manager = TestManager.startWith(List.of("--nucleus.state-dir=" + state))) {
            Container container = manager.launch("/bin/sh", "-c", "head -c 2000000 /dev/zero | tr '\\0' 'x'; exit 7");

            assertThat(container.end().join().status().orElseThrow().code()).isEqualTo(7);
            manager.containers().remove(container);
        }
    }

    private static int inodes(Path directory) throws IOException {
        Process stat = new ProcessBuilder("stat", "-f", "-c", "%d", directory.toString()).start();
        try (var out = stat.inputReader()) {
            return Integer.parseInt(out.readLine());
        }
    }

    private static LaunchException failure(TestManager manager) {
        try {
            manager.run(TRUE);
        } catch (LaunchException e) {
            return e;
        }
        throw new AssertionError("it ran");
    }

    /** Every number of descriptors, from hardly any to enough: each open on the way fails once. */
    @Test
    void withTooFewDescriptorsALaunchFailsWhole(CapturedOutput output) throws IOException {
        try (TestManager manager = TestManager.start()) {
            assertThat(manager.run(TRUE).code()).isZero();
            List<String> failures = new ArrayList<>();
            int enough = 0;
            for (int limit = 5; limit < 64 && enough < 3; limit++) {
                String descriptors = "--nofile=" + limit + ":1024";
                toSpawner(pid -> Command.run("prlimit", "--pid", pid, descriptors));
                try {
                    assertThat(manager.run(TRUE).code()).isZero();
                    enough++;
                } catch (LaunchException | UncheckedIOException e) {
                    failures.add(limit + ": " + e.getMessage());
                    enough = 0;
                }
                assertNothingKnown(manager);
            }

            assertThat(failures).isNotEmpty();
            assertThat(failures)
                    .as("it says what is missing")
                    .anySatisfy(
                            failure -> assertThat(failure).contains("EMFILE", "out of space, descriptors or memory"));
            assertThat(output).as("none goes without a layer").doesNotContain("runs without");
            assertThat(enough).as("and later goes: %s", failures).isEqualTo(3);
        }
    }

    @Test
    void aShimWithoutDescriptorsRefusesWhoComes() throws IOException {
        try (TestManager manager = TestManager.start()) {
            Container container = manager.launch("/bin/sleep", "1000");
            String shim =
                    Long.toString(workloadOf(container).parent().orElseThrow().pid());
            Command.run("prlimit", "--pid", shim, "--nofile=" + descriptorsOf(shim) + ":1024");
            try {
                for (int i = 0; i < 50; i++) {
                    // It may write its request after the shim has refused it and closed.
                    assertThatThrownBy(() -> container.shim().capture(List.of("/bin/true"), Duration.ofSeconds(5)))
                            .hasMessage("the shim can't take the request: EMFILE: Too many open files");
                    assertThatThrownBy(() -> container.shim().signal(Signal.TERM))
                            .hasMessageContaining("can't signal: the shim can't take the request: EMFILE");
                }
            } finally {
                Command.run("prlimit", "--pid", shim, "--nofile=1024:1024");
            }

            assertThat(container
                            .shim()
                            .capture(List.of("/bin/echo", "again"), Duration.ofSeconds(5))
                            .output())
                    .isEqualTo("again\n");
            manager.containers().stop(container, new StopSpec(Signal.KILL, Duration.ZERO));
            manager.containers().remove(container);
        }
    }

    /** As many as it has without a gap: the next one, and a wait for more than that, would be beyond the limit. */
    private static int descriptorsOf(String pid) {
        int count = 0;
        while (Files.isSymbolicLink(Path.of("/proc", pid, "fd", Integer.toString(count)))) {
            count++;
        }
        return count;
    }

    private static ProcessHandle workloadOf(Container container) {
        return ProcessHandle.of(container.whileRunning().orElseThrow().pid()).orElseThrow();
    }

    /**
     * The kernel kills a shim, at one point of its way or another, for want of memory in its own control group, not the
     * container's.
     */
    @Test
    void aShimThatIsKilledForWantOfMemoryLeavesNothing() throws IOException {
        Requires.legacyCgroups();
        Path group = Files.createDirectory(Path.of("/sys/fs/cgroup/memory/nucleus-test-shims-"
                + ProcessHandle.current().pid()));
        try (TestManager manager = TestManager.start()) {
            assertThat(manager.run(TRUE).code()).isZero();
            int failed = 0;
            int killed = 0;
            for (int pages = 0; pages < 120; pages += 3) {
                toSpawner(pid -> Files.writeString(group.resolve("cgroup.procs"), pid));
                limit(
                        group,
                        Long.parseLong(Files.readString(group.resolve("memory.usage_in_bytes"))
                                        .strip())
                                + pages * 4096L);
                try {
                    if (end(manager).status().isEmpty()) {
                        killed++;
                    }
                } catch (LaunchException | UncheckedIOException e) {
                    failed++;
                }
                limit(group, -1);
                assertNothingKnown(manager);
            }
            assertThat(failed + killed).as("launches that met the limit").isPositive();
            assertThat(manager.run(TRUE).code()).isZero();
        } finally {
            // The host's init may take its time to reap what was killed.
            Awaitility.await().atMost(Duration.ofMinutes(1)).ignoreExceptions().until(() -> {
                Files.deleteIfExists(group);
                return true;
            });
        }
    }

    /** A stranger among its members keeps the shim from removing the group until the shim is killed. */
    @Test
    void whatAShimWasKilledBeforeItCouldRemoveIsSwept() throws IOException, InterruptedException {
        Requires.legacyCgroups();
        try (TestManager manager = TestManager.start()) {
            Container container = manager.launch("/bin/sleep", "1000");
            ProcessHandle workload = workloadOf(container);
            ProcessHandle shim = workload.parent().orElseThrow();
            Path group = Path.of(Remains.added(cgroups, Remains.cgroups()).getFirst());
            Process stranger = new ProcessBuilder("sleep", "1000").start();
            try {
                Files.writeString(group.resolve("cgroup.procs"), Long.toString(stranger.pid()));

                workload.destroyForcibly();
                assertThat(container.end().join().status())
                        .as("the shim told it")
                        .isPresent();
                shim.destroyForcibly();
                shim.onExit().join();
                assertThat(group).isDirectory();
            } finally {
                stranger.destroyForcibly().waitFor();
            }

            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(Remains.added(cgroups, Remains.cgroups()))
                            .isEmpty());
            manager.containers().remove(container);
        }
    }

    /** Without a status when its shim was killed: nobody saw it. */
    private static ContainerState.Stopped end(TestManager manager) {
        var order = LaunchOrder.attached(TRUE);
        return manager.containers().run(order, (_, _, _, _) -> {}, _ -> {});
    }

    private static void limit(Path group, long bytes) throws IOException {
        try {
            Files.writeString(group.resolve("memory.limit_in_bytes"), Long.toString(bytes));
        } catch (IOException e) {
            // EBUSY: it holds more, and can't be made to give it back; then the old limit stays.
            assertThat(bytes).isNotNegative();
        }
    }
}
