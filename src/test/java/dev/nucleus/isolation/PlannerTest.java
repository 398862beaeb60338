package dev.nucleus.isolation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.kernel.CgroupHierarchies;
import dev.nucleus.kernel.HostFeatures;
import dev.nucleus.kernel.Identity;
import dev.nucleus.kernel.SeccompCompiler;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.MountAttributes;
import dev.nucleus.plan.PlanEncoder;
import dev.nucleus.plan.RootfsStep;
import dev.nucleus.policy.Capability;
import dev.nucleus.preparation.Identities;
import dev.nucleus.preparation.Preparations;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.preparation.UnsupportedLayerException;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.Lockdown;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Network;
import dev.nucleus.spec.PolicySource;
import dev.nucleus.spec.Runtime;
import dev.nucleus.spec.SecretMount;
import dev.nucleus.spec.TmpfsMount;
import dev.nucleus.spec.User;
import dev.nucleus.spec.UserNamespace;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.spec.WorkspaceMount;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.FileSystemUtils;

/** Plans are made without root and without a launch: they depend only on what was prepared. */
class PlannerTest {

    private static final CgroupHierarchies V2 =
            new CgroupHierarchies(Optional.of(Path.of("/cg")), Set.of("memory", "pids", "cpu"), Map.of());
    private static final CgroupHierarchies V1 = new CgroupHierarchies(
            Optional.empty(),
            Set.of(),
            Map.of("memory", Path.of("/cg/memory"), "pids", Path.of("/cg/pids"), "cpu", Path.of("/cg/cpu")));

    private static HostFeatures host(int uid, int landlockAbi, CgroupHierarchies cgroups) {
        return new HostFeatures("6.18", new Identity(uid, uid), landlockAbi, cgroups, "integrity");
    }

    private static Planner planner(HostFeatures host) {
        return new Planner(List.of(
                new KernelLayer(host),
                new NamespacesLayer(host),
                new IdentityLayer(),
                new UserNamespaceLayer(host),
                new CgroupLayer(host),
                new FilesystemLayer(host),
                new CapabilitiesLayer(),
                new LandlockLayer(host),
                new SeccompLayer(SeccompCompiler.load()),
                new GvisorLayer(),
                new HooksLayer()));
    }

    private static PreparedLaunch prepared(HostFeatures host, String name, ContainerSpec spec) {
        return Preparations.of(host, Optional.of(Path.of("/usr/bin/runsc"))).prepare(Preparations.request(name, spec));
    }

    private static LaunchPlan plan(HostFeatures host, String name, ContainerSpec spec) {
        return planner(host).plan(prepared(host, name, spec));
    }

    private static ContainerSpec agent() {
        return ContainerSpec.of(Mode.AGENT, List.of("/bin/true"));
    }

    private static ContainerSpec with(
            ContainerSpec s, Optional<Path> rootfs, Optional<User> user, List<VolumeMount> v) {
        return s.change()
                .rootfs(rootfs)
                .user(user)
                .memory(Optional.of(new MemorySize(1000)))
                .cpus(Optional.of(new Cpus(0.5)))
                .pids(64)
                .volumes(v)
                .build();
    }

    @Test
    void aPreparedLaunchYieldsTheSamePlanAfterItsFilesAreDeleted(@TempDir Path directory) throws IOException {
        HostFeatures host = host(0, 7, V1);
        Path rootfs = Files.createDirectories(directory.resolve("rootfs"));
        Files.createDirectories(rootfs.resolve("usr/bin"));
        Path data = Files.createDirectories(directory.resolve("data"));
        Path workspace = Files.createDirectories(directory.resolve("workspace"));
        Path secret = Files.writeString(directory.resolve("key"), "secret");
        Path profile = Files.writeString(directory.resolve("seccomp.json"), """
                {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
                  {"names": ["execve", "write", "exit_group"], "action": "SCMP_ACT_ALLOW"}]}
                """);
        PreparedLaunch launch = prepared(
                host,
                "a",
                agent().change()
                        .rootfs(Optional.of(rootfs))
                        .user(Optional.of(User.parse("1000:1000")))
                        .userNamespace(new UserNamespace.Auto())
                        .volumes(List.of(new VolumeMount(data.toString(), "/usr/data", false)))
                        .workspace(Optional.of(WorkspaceMount.parse(workspace.toString(), Mode.AGENT)))
                        .secrets(List.of(new SecretMount(secret.toString(), "key", SecretMount.DEFAULT_MODE)))
                        .seccomp(new PolicySource.File(profile, Optional.empty()))
                        .build());
        ByteBuffer before = PlanEncoder.encode(planner(host).plan(launch), new byte[0]);

        FileSystemUtils.deleteRecursively(directory);

        assertThat(PlanEncoder.encode(planner(host).plan(launch), new byte[0])).isEqualTo(before);
    }

    @Test
    void aContainerGetsItsOwnNamespaceOfEveryKind() {
        assertThat(plan(host(0, 7, V1), "a", agent()).namespaces().flags()).isEqualTo(0x6e020000);
        assertThat(plan(host(1000, 7, V1), "a", agent()).namespaces().flags())
                .as("an ordinary user's are inside a user namespace")
                .isEqualTo(0x7e020000);
    }

    @Test
    void runscGetsTheWorkloadAsABundleAndIsNotUnderItsFilters() {
        LaunchPlan plan = plan(
                host(0, 7, V1),
                "a",
                agent().change().runtime(Optional.of(Runtime.GVISOR)).build());

        assertThat(plan.workload()).containsExactly("/bin/true");
        assertThat(plan.execution().command().arguments())
                .startsWith("/usr/bin/runsc")
                .endsWith(plan.id());
        assertThat(new String(plan.gvisor().config(), StandardCharsets.UTF_8))
                .contains("\"args\":[\"/bin/true\"]", "\"noNewPrivileges\":true", "SCMP_ACT_ERRNO");
        assertThat(plan.confinement().landlock().handledFiles()).isZero();
        long never = Capability.SYS_MODULE.bit() | Capability.SYS_RAWIO.bit() | Capability.SYS_TIME.bit();
        assertThat(plan.confinement().capabilities().bounding() & never)
                .as("runsc's own capabilities: no kernel modules, raw memory or clocks")
                .isZero();
    }

    @Test
    void containersDoNotRunAsRootByDefault() {
        LaunchPlan.Identity identity =
                plan(host(0, 7, V1), "shop/db-1", agent()).execution().identity();

        assertThat(identity.uid())
                .isBetween(Identities.FIRST_UID, Integer.MAX_VALUE)
                .isEqualTo(identity.gid());
        assertThat(plan(host(0, 7, V1), "shop/db-1", agent()).execution().identity())
                .as("the same name gets the same user, which owns its volumes")
                .isEqualTo(identity);
        assertThat(plan(host(0, 7, V1), "shop/db-2", agent()).execution().identity())
                .isNotEqualTo(identity);
    }

    @Test
    void theSoftMemoryLimitIsATenthBelowTheLimitInWholeBytes() {
        LaunchPlan.Cgroup unified = plan(
                        host(0, 7, V2), "a", with(agent(), Optional.empty(), Optional.empty(), List.of()))
                .cgroup();
        LaunchPlan.Cgroup legacy = plan(
                        host(0, 7, V1), "a", with(agent(), Optional.empty(), Optional.empty(), List.of()))
                .cgroup();
        String own = "nucleus-0123456789abcdef0123456789abcdef/";

        assertThat(unified.unified()).isEqualTo("/cg/nucleus-0123456789abcdef0123456789abcdef");
        assertThat(unified.writes())
                .contains(
                        new LaunchPlan.Cgroup.Write("/cg/" + own + "memory.max", "1000"),
                        new LaunchPlan.Cgroup.Write("/cg/" + own + "memory.high", "900"),
                        new LaunchPlan.Cgroup.Write("/cg/" + own + "memory.swap.max", "0"),
                        new LaunchPlan.Cgroup.Write("/cg/" + own + "cpu.max", "50000 100000"),
                        new LaunchPlan.Cgroup.Write("/cg/" + own + "pids.max", "64"));
        assertThat(legacy.unified()).isEmpty();
        assertThat(legacy.writes())
                .contains(
                        new LaunchPlan.Cgroup.Write("/cg/memory/" + own + "memory.limit_in_bytes", "1000"),
                        new LaunchPlan.Cgroup.Write("/cg/memory/" + own + "memory.soft_limit_in_bytes", "900"),
                        new LaunchPlan.Cgroup.Write("/cg/cpu/" + own + "cpu.cfs_quota_us", "50000"),
                        new LaunchPlan.Cgroup.Write("/cg/pids/" + own + "pids.max", "64"));
        assertThat(legacy.joins()).contains("/cg/pids/" + own + "tasks");
    }

    @Test
    void allCapabilitySetsAreEmptyByDefault() {
        assertThat(plan(host(0, 7, V1), "a", agent()).confinement().capabilities())
                .isEqualTo(new LaunchPlan.Capabilities(0, 0, 0, 0));
    }

    /** Any user of the host can run a file with capabilities that outlives the container (capabilities(7)). */
    @Test
    void aContainerWhoseFilesOutliveItLacksSetfcap() {
        ContainerSpec alone =
                agent().change().capabilities(List.of("SETFCAP", "CHOWN")).build();
        ContainerSpec shared =
                alone.change().volumes(List.of(VolumeMount.parse("/srv:/data"))).build();
        long both = Capability.SETFCAP.bit() | Capability.CHOWN.bit();
        long chown = Capability.CHOWN.bit();

        assertThat(plan(host(0, 7, V1), "a", alone).confinement().capabilities())
                .isEqualTo(new LaunchPlan.Capabilities(both, both, both, both));
        assertThat(plan(host(0, 7, V1), "a", shared).confinement().capabilities())
                .isEqualTo(new LaunchPlan.Capabilities(chown, chown, chown, chown));
        assertThat(plan(
                                host(0, 7, V1),
                                "a",
                                shared.change()
                                        .userNamespace(new UserNamespace.Auto())
                                        .build())
                        .confinement()
                        .capabilities())
                .isEqualTo(new LaunchPlan.Capabilities(both, both, both, both));
    }

    @Test
    void hostTreesAreMountedReadOnlyNosuidAndNodev() {
        assertThat(plan(host(0, 7, V1), "a", agent()).rootfs().steps())
                .filteredOn(RootfsStep.Bind.class::isInstance)
                .isNotEmpty()
                .allMatch(step -> ((RootfsStep.Bind) step).attributes() == MountAttributes.SEALED);
    }

    @Test
    void theHostsSecretsAreNotInTheRoot() {
        assertThat(plan(host(0, 7, V1), "a", agent()).rootfs().steps())
                .extracting(RootfsStep::target)
                .doesNotContain("/etc/shadow", "/root", "/var", "/sys", "/boot", "/etc/ssh")
                .contains("/etc/passwd", "/proc/kcore", "/proc/sysrq-trigger", "/proc/sys");
    }

    @Test
    void thePlanSaysInPlainWordsWhatTheContainerMayDo() {
        List<String> lines = plan(host(0, 7, V1), "a", agent()).explain();

        assertThat(lines)
                .anyMatch(line -> line.startsWith("can't") && line.contains("reach any network but its own loopback"))
                .anyMatch(line -> line.startsWith("can ") && line.contains("all of the host's memory"))
                .anyMatch(line -> line.contains("all capabilities are dropped"));
    }

    @Test
    void aRootlessPlanNamesItsMissingLimits() {
        assertThat(plan(host(1000, 7, V1), "a", agent()).explain())
                .anyMatch(line -> line.startsWith("can ")
                        && line.contains("all of the host's memory")
                        && line.contains("rootless"));
    }

    @Test
    void aKernelWithoutLandlockIsRefusedUnlessDegradedIsAllowed() {
        assertThatThrownBy(() -> plan(host(0, 0, V1), "a", agent()))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("allow-degraded");
        ContainerSpec degraded = agent().change().allowDegraded(true).build();

        LaunchPlan plan = plan(host(0, 0, V1), "a", degraded);

        assertThat(plan.confinement().landlock().handledFiles()).isZero();
        assertThat(plan.explain()).anyMatch(line -> line.startsWith("can ") && line.contains("Landlock"));
    }

    /** A scope would also separate the workload from commands executed later: linux/landlock.h, LANDLOCK_SCOPE_*. */
    @Test
    void abstractSocketsAreScopedOnlyWithTheHostNetwork() {
        ContainerSpec withHostNetwork =
                agent().change().network(Network.HOST).allowDegraded(true).build();

        assertThat(plan(host(0, 7, V1), "a", agent()).confinement().landlock().scoped())
                .isZero();
        assertThat(plan(host(0, 7, V1), "a", withHostNetwork)
                        .confinement()
                        .landlock()
                        .scoped())
                .as("abstract sockets")
                .isEqualTo(1);
        assertThat(plan(host(0, 5, V1), "a", withHostNetwork)
                        .confinement()
                        .landlock()
                        .scoped())
                .as("an older kernel")
                .isZero();
    }

    private static Optional<Long> attributes(LaunchPlan plan, String target) {
        return plan.rootfs().steps().stream()
                .filter(step -> step.target().equals(target))
                .flatMap(step -> switch (step) {
                    case RootfsStep.Bind bind -> Stream.of(bind.attributes());
                    case RootfsStep.Tmpfs tmpfs -> Stream.of(tmpfs.attributes());
                    case RootfsStep.Workspace workspace -> Stream.of(workspace.attributes());
                    default -> Stream.<Long>empty();
                })
                .findFirst();
    }

    private static boolean executableByLandlock(LaunchPlan plan, String path) {
        return plan.confinement().landlock().paths().stream()
                .filter(rule -> (rule.access() & LandlockRights.EXECUTE) != 0)
                .anyMatch(rule -> path.equals(rule.path()) || path.startsWith(rule.path() + "/"));
    }

    private static final List<String> WRITABLE = List.of("/tmp", "/dev/shm", "/home/agent", "/scratch", "/data");

    @Test
    void writableMountsAreNotExecutableUnlessRequested() {
        ContainerSpec.Builder spec = agent().change()
                .volumes(List.of(VolumeMount.parse("/srv:/data")))
                .tmpfs(List.of(TmpfsMount.parse("/scratch")));
        LaunchPlan closed = plan(host(0, 7, V1), "a", spec.build());
        LaunchPlan open = plan(
                host(0, 7, V1),
                "a",
                spec.volumes(List.of(VolumeMount.parse("/srv:/data:exec")))
                        .homeExecute(true)
                        .tmpfs(List.of(
                                TmpfsMount.parse("/scratch:exec"),
                                TmpfsMount.parse("/tmp:1M:exec"),
                                TmpfsMount.parse("/dev/shm:exec")))
                        .build());

        for (String target : WRITABLE) {
            assertThat(attributes(closed, target).orElseThrow() & MountAttributes.NO_EXEC)
                    .as(target)
                    .isNotZero();
            assertThat(attributes(open, target).orElseThrow() & MountAttributes.NO_EXEC)
                    .as(target)
                    .isZero();
            assertThat(executableByLandlock(closed, target)).as(target).isFalse();
            assertThat(executableByLandlock(open, target)).as(target).isTrue();
        }
        assertThat(closed.explain())
                .anyMatch(line -> line.startsWith("can't")
                        && line.contains("run programs in /tmp, /dev/shm, /home/agent, /scratch, /data"));
        assertThat(open.explain())
                .anyMatch(line -> line.startsWith("can ")
                        && line.contains("run programs in /home/agent, /scratch, /tmp, /dev/shm, /data"));
    }

    /** runsc of December 2022 maps files in its memory executable whatever the mount says (ExecutionTest, Setting). */
    @Test
    void aGvisorPlanAdmitsThatTheLoaderRunsProgramsFromMemory() {
        List<String> lines = plan(
                        host(0, 7, V1),
                        "a",
                        agent().change()
                                .runtime(Optional.of(Runtime.GVISOR))
                                .volumes(List.of(VolumeMount.parse("/srv:/data")))
                                .build())
                .explain();

        assertThat(lines)
                .anyMatch(line -> line.startsWith("can't") && line.contains("run programs in /data ("))
                .anyMatch(line ->
                        line.startsWith("can't") && line.contains("start programs in /tmp, /dev/shm, /home/agent ("))
                .anyMatch(line -> line.startsWith("can ")
                        && line.contains("run programs in /tmp, /dev/shm, /home/agent through the loader"));
    }

    /** A rule on /opt would also apply to a volume below it. */
    @Test
    void aVolumeBelowProgramDirectoriesIsNotExecutableByLandlock(@TempDir Path rootfs) throws IOException {
        Files.createDirectories(rootfs.resolve("opt/tool/bin"));
        Files.createDirectories(rootfs.resolve("opt/data"));
        Files.createDirectories(rootfs.resolve("usr/lib"));
        Files.createSymbolicLink(rootfs.resolve("lib"), Path.of("usr/lib"));
        Files.createSymbolicLink(rootfs.resolve("opt/link"), Path.of("/opt/data"));

        LaunchPlan plan = plan(
                host(0, 7, V1),
                "a",
                with(
                        agent(),
                        Optional.of(rootfs),
                        Optional.empty(),
                        List.of(VolumeMount.parse("/srv:/opt/data"), VolumeMount.parse("/srv:/lib/plugins"))));

        for (String closed : List.of("/opt/data", "/opt/link", "/usr/lib/plugins", "/lib/plugins")) {
            assertThat(executableByLandlock(plan, closed)).as(closed).isFalse();
        }
        assertThat(executableByLandlock(plan, "/opt/tool")).isTrue();
    }

    @Test
    void thePlanSaysWhetherProgramsRunInTheWorkspaceAndWhy() {
        for (Mode mode : List.of(Mode.AGENT, Mode.STRICT_AGENT)) {
            ContainerSpec spec = ContainerSpec.builder(mode, List.of("/bin/true"))
                    .workspace(Optional.of(WorkspaceMount.parse("/srv", mode)))
                    .build();

            LaunchPlan plan = plan(host(0, 7, V1), "a", spec);

            assertThat(plan.explain())
                    .anyMatch(line -> line.startsWith(mode == Mode.AGENT ? "can " : "can't")
                            && line.contains(
                                    "run programs in /workspace (filesystem: the default in " + mode + " mode"));
            assertThat(executableByLandlock(plan, "/workspace")).isEqualTo(mode == Mode.AGENT);
        }
    }

    @Test
    void aMountThroughARootfsLinkCannotCoverNucleusPaths(@TempDir Path rootfs) throws IOException {
        Files.createDirectories(rootfs.resolve("var"));
        Files.createSymbolicLink(rootfs.resolve("var/run"), Path.of("../run"));
        Files.createSymbolicLink(rootfs.resolve("data"), Path.of("/var/run/nucleus"));

        for (String target : List.of("/var/run", "/var/run/secrets", "/data", "/data/relay")) {
            ContainerSpec spec = with(
                    agent(), Optional.of(rootfs), Optional.empty(), List.of(new VolumeMount("/srv", target, false)));
            assertThatThrownBy(() -> plan(host(0, 7, V1), "a", spec))
                    .as(target)
                    .isInstanceOf(InvalidSpecException.class)
                    .hasMessageContaining("Nucleus' own")
                    .hasMessageContaining("links of " + rootfs);
        }
        assertThat(plan(
                                host(0, 7, V1),
                                "a",
                                with(
                                        agent(),
                                        Optional.of(rootfs),
                                        Optional.empty(),
                                        List.of(new VolumeMount("/srv", "/var/run/db", false))))
                        .rootfs()
                        .steps())
                .extracting(RootfsStep::target)
                .as("the mount is where the link leads")
                .contains("/run/db");
    }

    @Test
    void reservedDirectoriesOfARootfsAreNotMounted(@TempDir Path rootfs) throws IOException {
        for (String top : List.of(".nucleus", ".layers", "srv")) {
            Files.createDirectories(rootfs.resolve(top));
        }
        ContainerSpec spec = with(agent(), Optional.of(rootfs), Optional.empty(), List.of());

        for (ContainerSpec each : List.of(
                spec,
                spec.change().overlay(Optional.of(new MemorySize(1 << 20))).build())) {
            assertThat(plan(host(0, 7, V1), "a", each).rootfs().steps().stream()
                            .filter(step -> step instanceof RootfsStep.Bind || step instanceof RootfsStep.Overlay)
                            .map(RootfsStep::target))
                    .containsExactly("/srv");
        }
    }

    private static Optional<LaunchPlan.Rlimits.Rlimit> limit(LaunchPlan plan, String name) {
        return plan.confinement().rlimits().limits().stream()
                .filter(limit -> limit.name().equals(name))
                .findFirst();
    }

    @Test
    void processesAreLimitedPerUserOnlyWithoutAPidsCgroup() {
        CgroupHierarchies withoutPids =
                new CgroupHierarchies(Optional.empty(), Set.of(), Map.of("memory", Path.of("/cg/memory")));

        assertThat(limit(plan(host(0, 7, V1), "a", agent()), "nproc")).isEmpty();
        assertThat(limit(plan(host(0, 7, V2), "a", agent()), "nproc")).isEmpty();
        for (HostFeatures host : List.of(host(1000, 7, V1), host(0, 7, withoutPids))) {
            assertThat(limit(plan(host, "a", agent()), "nproc").orElseThrow().hard())
                    .isEqualTo(512);
        }
        assertThat(limit(plan(host(1000, 7, V1), "a", agent().change().pids(0).build()), "nproc"))
                .isEmpty();
    }

    /** core(5): 0 would still start a handler that cores are piped to. */
    @Test
    void noCoreIsWrittenOrPipedToAHandler() {
        LaunchPlan.Rlimits.Rlimit core =
                limit(plan(host(0, 7, V1), "a", agent()), "core").orElseThrow();

        assertThat(core.soft()).isEqualTo(1);
        assertThat(core.hard()).isEqualTo(1);
    }

    @Test
    void integrityLockdownDoesNotSatisfyConfidentiality() {
        LaunchPlan plan = plan(
                host(0, 7, V1),
                "a",
                agent().change().lockdown(Optional.of(Lockdown.INTEGRITY)).build());

        assertThat(plan.explain()).anyMatch(line -> line.contains("lockdown: integrity"));
        assertThatThrownBy(() -> plan(
                        host(0, 7, V1),
                        "a",
                        agent().change()
                                .lockdown(Optional.of(Lockdown.CONFIDENTIALITY))
                                .build()))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("lockdown: confidentiality is required");
    }

    @Test
    void anUnsupportedLayerIsRefusedBeforeAnyFileIsRead() {
        ContainerSpec locked = agent().change()
                .rootfs(Optional.of(Path.of("/absent")))
                .lockdown(Optional.of(Lockdown.CONFIDENTIALITY))
                .build();
        ContainerSpec production = ContainerSpec.builder(Mode.PRODUCTION, List.of("/bin/true"))
                .rootfs(Optional.of(Path.of("/absent")))
                .memory(Optional.of(new MemorySize(1 << 26)))
                .cpus(Optional.of(new Cpus(1)))
                .build();

        assertThatThrownBy(() -> planner(host(0, 7, V1)).check(Preparations.request("a", locked)))
                .hasMessageContaining("lockdown: confidentiality is required");
        assertThatThrownBy(() -> planner(host(1000, 7, V1)).check(Preparations.request("a", production)))
                .hasMessageContaining("needs control groups");
        assertThatCode(() -> planner(host(0, 7, V1)).check(Preparations.request("a", production)))
                .doesNotThrowAnyException();
    }

    @Test
    void landlockRightsGrowWithTheAbi() {
        assertThat(LandlockRights.handled(1)).isEqualTo(0x1fff);
        assertThat(LandlockRights.handled(2)).isEqualTo(0x3fff);
        assertThat(LandlockRights.handled(3)).isEqualTo(0x7fff);
        assertThat(LandlockRights.handled(5)).isEqualTo(0xffff);
    }
}
