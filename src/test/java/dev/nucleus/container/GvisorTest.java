package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.shim.LaunchException;
import dev.nucleus.shim.Shim;
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
import dev.nucleus.spec.Trust;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.support.Command;
import dev.nucleus.support.Remains;
import dev.nucleus.support.Requires;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** gVisor containers can do everything that native ones can. */
@Tag("isolation")
class GvisorTest {

    private static final StopSpec NOW = new StopSpec(Signal.KILL, Duration.ZERO);
    private static final Duration AMPLE = Duration.ofSeconds(20);

    private TestManager manager;

    @BeforeEach
    void start() {
        Requires.root();
        Requires.program("/usr/bin/runsc", "runsc");
        manager = TestManager.start();
    }

    @AfterEach
    void stop() {
        if (manager != null) {
            manager.close();
        }
    }

    private static ContainerSpec.Builder spec(Mode mode, String script) {
        return ContainerSpec.builder(mode, List.of("/bin/sh", "-c", script))
                .runtime(Optional.of(Runtime.GVISOR))
                .memory(Optional.of(MemorySize.parse("256M")))
                .cpus(Optional.of(new Cpus(2)));
    }

    private Container launch(String script) {
        return manager.containers()
                .launch(LaunchOrder.detached(spec(Mode.STRICT_AGENT, script).build()));
    }

    private static Shim.Captured inside(Container container, String script) throws IOException {
        return container.shim().capture(List.of("/bin/sh", "-c", script), AMPLE);
    }

    @Test
    void theKernelIsNotTheHosts() throws IOException {
        TestManager.Output output =
                manager.run(spec(Mode.STRICT_AGENT, "uname -r; exit 3").build());

        assertThat(output.code()).isEqualTo(3);
        assertThat(output.out().strip())
                .isNotEqualTo(
                        Files.readString(Path.of("/proc/sys/kernel/osrelease")).strip());
    }

    /** Threads that gVisor keeps of exited processes count towards the limit for a while, longest on one processor. */
    @Test
    void aBurstOfForksDoesNotCrashTheSandbox() throws IOException {
        for (long process : manager.nativeProcesses()) {
            Command.run("taskset", "--all-tasks", "--cpu-list", "--pid", "0", Long.toString(process));
        }

        TestManager.Output output = manager.run(spec(
                        Mode.STRICT_AGENT,
                        "perl -e 'for (1..1000) { my $p = fork // die; exit unless $p; waitpid $p, 0 }'; exit 5")
                .pids(64)
                .build());

        assertThat(output.code()).isEqualTo(5);
    }

    @Test
    void theWorkloadIsConfinedInsideTheSandboxToo() {
        TestManager.Output output = manager.run(
                spec(Mode.AGENT, "id -u; cat /proc/self/status; chroot / 2>&1; mount -t tmpfs x /tmp 2>&1; true")
                        .build());

        assertThat(output.out()).contains("CapEff:\t0000000000000000", "Seccomp:\t2", "Operation not permitted");
        assertThat(Integer.parseInt(output.out().lines().findFirst().orElseThrow()))
                .isPositive();
    }

    @Test
    void anUntrustedWorkloadRunsInGvisor() {
        ContainerSpec untrusted = ContainerSpec.builder(Mode.AGENT, List.of("/bin/uname", "-r"))
                .trust(Optional.of(Trust.UNTRUSTED))
                .build();

        assertThat(manager.run(untrusted).out().strip())
                .isEqualTo(
                        manager.run(spec(Mode.AGENT, "uname -r").build()).out().strip());
    }

    @Test
    void aMissingCommandFailsTheLaunchWithTheReason() {
        ContainerSpec wrong = ContainerSpec.builder(Mode.AGENT, List.of("/bin/not-there"))
                .runtime(Optional.of(Runtime.GVISOR))
                .build();

        assertThatThrownBy(() -> manager.containers().launch(LaunchOrder.detached(wrong)))
                .isInstanceOf(LaunchException.class)
                .hasMessageContaining("/bin/not-there")
                .hasMessageContaining("no such file");
        assertThat(manager.containers().all()).isEmpty();
    }

    @Test
    void anExecSharesTheWorkloadsConfinementAndPidNamespace() throws IOException {
        Container container = launch("sleep 60");

        Shim.Captured seen = inside(container, "id -u; cat /proc/self/status; tr '\\0' ' ' </proc/1/cmdline; exit 4");

        assertThat(seen.status().code()).isEqualTo(4);
        assertThat(seen.output()).contains("CapEff:\t0000000000000000", "sleep 60");
        assertThat(seen.output().lines().findFirst().orElseThrow()).isNotEqualTo("0");
    }

    @Test
    void anExecThatTimesOutIsKilledInside() throws IOException {
        Container container = launch("sleep 60");

        Shim.Captured late = container.shim().capture(List.of("/bin/sleep", "30"), Duration.ofMillis(700));

        assertThat(late.timedOut()).isTrue();
        Awaitility.await("the process has exited")
                .atMost(AMPLE)
                .until(() -> !inside(container, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
                        .output()
                        .contains("sleep 30"));
    }

    @Test
    void theStopSignalReachesTheWorkload() {
        Container container = launch("trap 'echo asked; exit 7' TERM; echo waits; while :; do sleep 0.05; done");
        Awaitility.await("the workload has installed its handler")
                .until(() -> container.log().tail(1).lines().stream()
                        .anyMatch(line -> line.text().equals("waits")));

        ContainerState.Stopped stopped =
                manager.containers().stop(container, new StopSpec(Signal.parse("TERM"), AMPLE));

        assertThat(stopped.status().orElseThrow().code()).isEqualTo(7);
    }

    @Test
    void theWorkloadCanWriteOnlyWhereGranted() throws IOException {
        Path shared = Files.createTempDirectory("nucleus-test-");
        try {
            Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxrwxrwx"));
            Path secret = Files.writeString(shared.resolve("secret"), "word");
            Path fixed = Files.createDirectory(shared.resolve("fixed"));
            ContainerSpec spec = spec(
                            Mode.STRICT_AGENT,
                            "cat /run/secrets/word; echo; echo new > /data/new; echo x > /scratch/x && echo scratch;"
                                    + " for f in /fixed/x /usr/x /etc/x /run/secrets/x /.nucleus/relay; do"
                                    + " (echo x > $f) 2>/dev/null && echo wrote $f; done; true")
                    .volumes(List.of(
                            new VolumeMount(shared.toString(), "/data", false),
                            new VolumeMount(fixed.toString(), "/fixed", true)))
                    .tmpfs(List.of(TmpfsMount.parse("/scratch:8M")))
                    .secrets(List.of(new SecretMount(secret.toString(), "word", SecretMount.DEFAULT_MODE)))
                    .build();

            TestManager.Output output = manager.run(spec);

            assertThat(output.out()).isEqualTo("word\nscratch\n");
            assertThat(shared.resolve("new")).hasContent("new\n");
        } finally {
            Remains.delete(shared);
        }
    }

    @Test
    void exceedingTheMemoryLimitIsReportedAsOutOfMemory() {
        Container container = manager.containers()
                .launch(LaunchOrder.detached(spec(Mode.STRICT_AGENT, "a=x; while :; do a=$a$a; done")
                        .memory(Optional.of(MemorySize.parse("96M")))
                        .build()));

        ContainerState.Stopped stopped = container.end().join();

        assertThat(stopped.status().orElseThrow().outOfMemory()).isTrue();
    }

    @Test
    void theSandboxEndsWithItsShim() {
        Container container = launch("sleep 60");
        int pid = container.whileRunning().orElseThrow().pid();
        ProcessHandle shim =
                ProcessHandle.of(pid).flatMap(ProcessHandle::parent).orElseThrow();

        shim.destroyForcibly();

        Awaitility.await("no process is left")
                .atMost(AMPLE)
                .until(() -> ProcessHandle.allProcesses()
                        .noneMatch(process ->
                                process.info().commandLine().orElse("").contains(container.id())));
        assertThat(container.end().join().status()).isEmpty();
    }

    @Test
    void probesReachPortsAndProcessesInsideTheSandbox() {
        manager.close();
        manager = TestManager.start("""
                name: shop
                mode: strict-agent
                services:
                  web:
                    runtime: gvisor
                    seccomp: network-server
                    command:
                      - /usr/bin/perl
                      - -MSocket
                      - -e
                      - |
                        socket(S, PF_INET, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1);
                        bind(S, sockaddr_in(8080, INADDR_ANY)) or die $!; listen(S, 5);
                        while (accept(C, S)) { sysread(C, my $r, 4096); syswrite(C, "HTTP/1.0 200 OK\\r\\n\\r\\nup"); close(C) }
                    readiness: {http: 8080, period: 200ms, timeout: 5s}
                    liveness: {exec: [/bin/true], period: 200ms, timeout: 5s}
                """);

        manager.await("shop/web-1", ReplicaStatus.READY);

        assertThat(manager.get("/actuator/health/shop").statusCode()).isEqualTo(200);
        Container container = manager.containerOf("shop/web-1");
        // Probes run repeatedly, and none leaves a process behind.
        Awaitility.await("only the workload runs inside")
                .atMost(AMPLE)
                .until(() -> inside(container, "ls -d /proc/[0-9]* 2>/dev/null; echo /proc/*")
                                .output()
                                .split("/proc/[0-9]+")
                                .length
                        <= 4);
        assertThat(container.isRunning()).isTrue();
    }

    @Test
    void dialingAPortWithoutAListenerFails() {
        Container container = launch("sleep 60");

        assertThatThrownBy(() -> container.shim().dial(new Port(9), AMPLE)).hasMessageContaining("ECONNREFUSED");
    }

    @Test
    void aSandboxCanBePausedAndReportsTheWorkloadsCommand() throws IOException {
        Container container = launch("sleep 60");
        manager.containers().pause(container, true);
        manager.containers().pause(container, false);

        assertThat(container.shim().capture(List.of("/bin/echo", "here"), AMPLE).output())
                .isEqualTo("here\n");
        assertThat(container.command()).containsExactly("/bin/sh", "-c", "sleep 60");
        manager.containers().stop(container, NOW);
    }
}
