package dev.nucleus.denial;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.container.Container;
import dev.nucleus.container.LaunchOrder;
import dev.nucleus.policy.PolicyViolationException;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.PolicySource;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import dev.nucleus.support.TestRootfs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Denied attempts of a container are counted by name, however the container was launched. */
@Tag("isolation")
class DenialsTest {

    @TempDir
    private static Path files;

    @SharedManager
    private static TestManager manager;

    private static Path rootfs;

    @BeforeAll
    static void start() throws Exception {
        rootfs = TestRootfs.build(
                files.resolve("rootfs"), "/bin/sh", "/bin/sleep", "/usr/bin/unshare", "/usr/bin/perl", "/bin/true");
    }

    private static ContainerSpec.Builder spec(Mode mode, String command) {
        ContainerSpec.Builder spec = ContainerSpec.builder(mode, List.of("/bin/sh", "-c", command));
        return mode == Mode.PRODUCTION
                ? spec.rootfs(Optional.of(rootfs))
                        .memory(Optional.of(MemorySize.parse("64M")))
                        .cpus(Optional.of(new Cpus(1)))
                : spec;
    }

    private static Container launch(ContainerSpec.Builder spec) {
        return manager.containers().launch(LaunchOrder.detached(spec.build()));
    }

    private static List<Denial> denials(Container container) throws IOException {
        return manager.denials().of(container);
    }

    private static void end(Container container) {
        container.end().orTimeout(20, TimeUnit.SECONDS).join();
    }

    /** With and without a user namespace. */
    @ParameterizedTest
    @EnumSource(Mode.class)
    void everyDenialIsCountedByNameAndKeptAfterTheExit(Mode mode) throws IOException {
        Instant before = Instant.now();
        Container container = launch(spec(mode, "for i in 1 2 3; do unshare -r true; done; exec sleep 1000"));

        Awaitility.await()
                .untilAsserted(() -> assertThat(denials(container))
                        .anySatisfy(denial -> assertThat(denial.count()).isEqualTo(3)));
        Denial denial = denials(container).getFirst();
        assertThat(denial.program()).isEqualTo("unshare");
        assertThat(denial.attempt()).isEqualTo("unshare(CLONE_NEWUSER)");
        assertThat(denial.rule()).isEqualTo("seccomp");
        assertThat(denial.reason()).contains("namespaces");
        assertThat(denial.first()).isBetween(before.minusSeconds(1), denial.last());
        container.shim().stop(Signal.KILL, Duration.ofSeconds(5));
        end(container);
        assertThat(denials(container)).containsExactly(denial);
        manager.containers().remove(container);
    }

    @Test
    void denialsOfCommandsRunBesideTheWorkloadAreCounted() throws IOException {
        Container container = launch(spec(Mode.AGENT, "exec sleep 1000"));

        var captured = container.shim().capture(List.of("unshare", "-r", "true"), Duration.ofSeconds(5));

        assertThat(captured.output()).contains("Operation not permitted");
        assertThat(denials(container))
                .singleElement()
                .satisfies(denial -> assertThat(denial.attempt()).isEqualTo("unshare(CLONE_NEWUSER)"));
        manager.containers().stop(container, StopSpec.DEFAULT);
        manager.containers().remove(container);
    }

    @Test
    void callsOfOtherArchitecturesAndSocketFamiliesAreDistinguished() throws IOException {
        Container container = launch(spec(
                Mode.AGENT,
                "perl -e 'use Socket; socket(my $a, 16, 3, 0); socket(my $b, 17, 3, 0); syscall(0x40000000 + 39);"
                        + " syscall(101, 0, 0, 0, 0)'"));
        end(container);

        assertThat(denials(container))
                .extracting(Denial::attempt)
                .containsExactlyInAnyOrder("socket(AF_NETLINK)", "socket(AF_PACKET)", "x32 system call 39", "ptrace");
        manager.containers().remove(container);
    }

    /** A workload chooses the names of its threads, and may try to fill the table; its text stays data. */
    @Test
    void aHostileNameAndAFloodOfKindsAreHarmless() throws IOException {
        Container container = launch(spec(
                Mode.AGENT,
                "perl -e '$0 = qq(a\\\"},\\n"
                        + "{); syscall(101,0,0,0,0); for my $i (1..2000) { syscall(157, $i, 0, 0, 0, 0); syscall(16, 0,"
                        + " $i, 0) }' ; exec sleep 1000"));

        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(denials(container)).hasSizeBetween(500, 512));
        assertThat(denials(container))
                .anySatisfy(denial -> assertThat(denial.program()).startsWith("a?},?{"));
        var captured = container.shim().capture(List.of("/bin/true"), Duration.ofSeconds(5));
        assertThat(captured.status().code()).isZero();
        manager.containers().stop(container, StopSpec.DEFAULT);
        manager.containers().remove(container);
    }

    /** The shim answers notifications: when it dies, its container ends, and denied calls stay denied until then. */
    @Test
    void aDeadShimFailsClosed() throws Exception {
        Container container = launch(
                spec(Mode.AGENT, "while true; do unshare -r touch /tmp/escaped && echo escaped; done 2>/dev/null"));
        long shim = Files.readAllLines(Path.of(
                        "/proc",
                        Integer.toString(container.whileRunning().orElseThrow().pid()),
                        "status"))
                .stream()
                .filter(line -> line.startsWith("PPid:"))
                .mapToLong(line -> Long.parseLong(line.substring(5).strip()))
                .findFirst()
                .orElseThrow();

        ProcessHandle.of(shim).orElseThrow().destroyForcibly();

        end(container);
        assertThat(container.log().tail(100).lines()).isEmpty();
        manager.containers().remove(container);
    }

    private static Path profile(String json) throws IOException {
        return Files.writeString(Files.createTempFile(files, "profile", ".json"), json);
    }

    private static final String EVERYDAY = """
        {"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
          {"names": ["read", "write", "open", "openat", "close", "fstat", "stat", "newfstatat", "mmap", "mprotect",
            "munmap", "brk", "execve", "exit_group", "arch_prctl", "access", "pread64", "set_tid_address",
            "set_robust_list", "rseq", "prlimit64", "getrandom", "getpid", "getppid", "geteuid", "getuid",
            "getegid", "getgid", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "wait4", "clone", "clone3",
            "ioctl", "fcntl", "statfs", "futex", "writev", "gettid", "tgkill", "getcwd", "dup2", "vfork"%s], "action": "SCMP_ACT_ALLOW"}]}
        """;

    @Test
    void aCustomProfileIsAppliedWithTheBuiltInArgumentFilters() throws IOException {
        Path file = profile(EVERYDAY.formatted(""));
        Container container = launch(spec(Mode.AGENT, "unshare -r true; mkdir /tmp/x")
                .seccomp(new PolicySource.File(file, Optional.empty())));
        end(container);

        assertThat(denials(container))
                .extracting(Denial::attempt)
                .contains("unshare(CLONE_NEWUSER)", "mkdir")
                .doesNotContain("clone");
        assertThat(manager.containers()
                        .plan(LaunchOrder.detached(spec(Mode.AGENT, "true")
                                .seccomp(new PolicySource.File(file, Optional.empty()))
                                .build()))
                        .explain())
                .anyMatch(line -> line.contains("by name alone") && line.contains("mprotect"));
        manager.containers().remove(container);
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void aWrongPinAnUnknownCallAndAnUnusableProfileAreRefused(Mode mode) throws IOException {
        Path file = profile(EVERYDAY.formatted(", \"fly\", \"swim\""));
        assertThatThrownBy(() -> launch(spec(mode, "true").seccomp(new PolicySource.File(file, Optional.empty()))))
                .isInstanceOf(PolicyViolationException.class)
                .hasMessageContaining("fly, swim");
        assertThatThrownBy(() ->
                        launch(spec(mode, "true").seccomp(new PolicySource.File(file, Optional.of("0".repeat(64))))))
                .isInstanceOf(PolicyViolationException.class)
                .hasMessageContaining("is pinned");
        Path lame = profile("{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": [\"read\"], \"action\":"
                + " \"SCMP_ACT_ALLOW\"}]}");
        assertThatThrownBy(() -> launch(spec(mode, "true").seccomp(new PolicySource.File(lame, Optional.empty()))))
                .isInstanceOf(PolicyViolationException.class)
                .hasMessageContaining("doesn't allow write, execve, exit_group");
    }

    @Test
    void aProfileThatAllowsNewSeccompFiltersReportsNoDenials() throws IOException {
        Path file = profile(EVERYDAY.formatted(", \"seccomp\""));
        Container container = launch(spec(Mode.AGENT, "unshare -r true || echo refused")
                .seccomp(new PolicySource.File(file, Optional.empty())));
        end(container);

        assertThat(container.log().tail(10).lines())
                .anyMatch(line -> line.text().equals("refused"));
        assertThat(denials(container)).isEmpty();
        manager.containers().remove(container);
    }

    /** A shim closes its socket before the manager has handled the exit of its container. */
    @Test
    void denialsOfAnEndingContainerAreReadFromItsRecord() throws Exception {
        Container container = launch(spec(Mode.AGENT, "unshare -r true; echo refused; exec sleep 1000"));
        Awaitility.await().until(() -> !container.log().tail(1).lines().isEmpty());
        Files.delete(container.shim().socket());

        var answer = CompletableFuture.supplyAsync(() -> {
            try {
                return denials(container);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        ProcessHandle.of(container.whileRunning().orElseThrow().pid())
                .orElseThrow()
                .destroyForcibly();

        assertThat(answer.get(20, TimeUnit.SECONDS))
                .anyMatch(denial -> denial.attempt().startsWith("unshare"));
        end(container);
        manager.containers().remove(container);
    }
}
