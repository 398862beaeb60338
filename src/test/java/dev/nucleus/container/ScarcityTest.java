package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.shim.LaunchException;
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
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** A host that has run out of a resource: a launch succeeds, or fails and leaves nothing behind. */
@Tag("isolation")
@ExtendWith(OutputCaptureExtension.class)
@NeedsHostAlone
class ScarcityTest {

    private static final ContainerSpec TRUE = ContainerSpec.of(Mode.AGENT, List.of("/bin/true"));

    private Set<String> cgroups = Set.of();
    private List<String> mounts = List.of();

    @BeforeEach
    void recordHostState() {
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

    /** Changes the manager's spawner and its descendants, such as waiting shims, some of which may exit meanwhile. */
    private static void applyToSpawner(TestManager manager, Change change) throws IOException {
        for (long pid : manager.nativeProcesses()) {
            try {
                change.to(Long.toString(pid));
            } catch (IOException | AssertionError e) {
                if (ProcessHandle.of(pid).isPresent()) {
                    throw e;
                }
            }
        }
    }

    private static void assertNothingKnown(TestManager manager) throws IOException {
        assertThat(manager.containers().all()).isEmpty();
        assertThat(manager.state().resolve("containers")).isEmptyDirectory();
    }

    @Test
    void aLaunchFailsOnlyWhileTheDiskHasNoSpaceOrInodesForItsRecord(@TempDir Path directory) throws IOException {
        Path state = directory.resolve("state");
        try (SmallDisk disk = SmallDisk.mount(state, "size=1m,nr_inodes=64");
                TestManager manager = TestManager.startWith(List.of(
                        "--nucleus.state-dir=" + state,
                        // On this disk, it would use space and inodes at arbitrary times.
                        "--nucleus.history.url=jdbc:sqlite:" + directory.resolve("history.db")))) {
            assertThat(manager.run(TRUE).code()).isZero();
            Path containers = state.resolve("containers");

            // No space: the tmpfs has no free pages.
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
    void aFullDiskLosesLogLinesButNotTheContainer(@TempDir Path directory) throws IOException {
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
        throw new AssertionError("the launch succeeded");
    }

    /** Every descriptor limit from very few to enough, so that each open of a launch fails once. */
    @Test
    void withTooFewDescriptorsALaunchFailsCleanly(CapturedOutput output) throws IOException {
        try (TestManager manager = TestManager.start()) {
            assertThat(manager.run(TRUE).code()).isZero();
            List<String> failures = new ArrayList<>();
            int enough = 0;
            for (int limit = 5; limit < 64 && enough < 3; limit++) {
                String descriptors = "--nofile=" + limit + ":1024";
                applyToSpawner(manager, pid -> Command.run("prlimit", "--pid", pid, descriptors));
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
                    .as("an error names the missing resource")
                    .anySatisfy(
                            failure -> assertThat(failure).contains("EMFILE", "out of space, descriptors or memory"));
            assertThat(output).as("no launch continues without a layer").doesNotContain("runs without");
            assertThat(enough)
                    .as("launches succeed with enough descriptors: %s", failures)
                    .isEqualTo(3);
        }
    }

    @Test
    void aShimWithoutFreeDescriptorsRefusesRequests() throws IOException {
        try (TestManager manager = TestManager.start()) {
            Container container = manager.launch("/bin/sleep", "1000");
            String shim =
                    Long.toString(workloadOf(container).parent().orElseThrow().pid());
            Command.run("prlimit", "--pid", shim, "--nofile=" + descriptorsOf(shim) + ":1024");
            try {
                for (int i = 0; i < 50; i++) {
                    // The client may write its request after the shim has refused it and closed the connection.
                    assertThatThrownBy(() -> container.shim().capture(List.of("/bin/true"), Duration.ofSeconds(5)))
                            .hasMessage("the shim can't accept the request: EMFILE: Too many open files");
                    assertThatThrownBy(() -> container.shim().signal(Signal.TERM))
                            .hasMessageContaining("can't signal: the shim can't accept the request: EMFILE");
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

    /** The number of descriptors before the first gap: as a limit, it allows no further one, and no poll(2) of more. */
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
     * The OOM killer kills a shim, at various points of a launch, because of the limit of the shim's own cgroup, not of
     * the container's.
     */
    @Test
    void aShimKilledByTheOomKillerLeavesNothingBehind() throws IOException {
        Requires.legacyCgroups();
        Path group = Files.createDirectory(Path.of("/sys/fs/cgroup/memory/nucleus-test-shims-"
                + ProcessHandle.current().pid()));
        try (TestManager manager = TestManager.start()) {
            assertThat(manager.run(TRUE).code()).isZero();
            int failed = 0;
            int killed = 0;
            for (int pages = 0; pages < 120; pages += 3) {
                applyToSpawner(manager, pid -> Files.writeString(group.resolve("cgroup.procs"), pid));
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
            assertThat(failed + killed).as("launches that hit the limit").isPositive();
            assertThat(manager.run(TRUE).code()).isZero();
        } finally {
            // The host's init may reap the killed processes late.
            Awaitility.await().atMost(Duration.ofMinutes(1)).ignoreExceptions().until(() -> {
                Files.deleteIfExists(group);
                return true;
            });
        }
    }

    /** A foreign process in the cgroup keeps the shim from removing it until the shim is killed. */
    @Test
    void aCgroupThatAKilledShimCouldNotRemoveIsSwept() throws IOException, InterruptedException {
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
                        .as("the shim reported the exit")
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

    /** Runs a container to its end; there is no exit status if its shim was killed. */
    private static ContainerState.Stopped end(TestManager manager) {
        var order = LaunchOrder.attached(TRUE);
        return manager.containers().run(order, (_, _, _, _) -> {}, _ -> {});
    }

    private static void limit(Path group, long bytes) throws IOException {
        try {
            Files.writeString(group.resolve("memory.limit_in_bytes"), Long.toString(bytes));
        } catch (IOException e) {
            // EBUSY: the group uses more and can't reclaim it; the old limit stays.
            assertThat(bytes).isNotNegative();
        }
    }
}
