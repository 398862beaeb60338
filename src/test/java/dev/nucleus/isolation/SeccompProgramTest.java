package dev.nucleus.isolation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.kernel.SeccompCompiler;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.policy.SeccompProfile;
import dev.nucleus.policy.SeccompProfiles;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Network;
import dev.nucleus.spec.PolicySource;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.spec.WorkspaceMount;
import dev.nucleus.support.BpfMachine;
import dev.nucleus.support.Seeds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The answers of containers' seccomp programs to system calls, computed by our own BPF interpreter. */
class SeccompProgramTest {

    private static final int ALLOW = 0x7fff0000;
    private static final int ENOSYS = 0x00050026;
    /** SECCOMP_RET_ERRNO with 0. */
    private static final int DONE = 0x00050000;

    private static final int MAX_ARGUMENTS = 6;

    private static final SeccompCompiler CALLS = SeccompCompiler.load();
    private static final List<VolumeMount> WRITABLE = List.of(new VolumeMount("/srv/data", "/data", false));

    private final SeccompLayer layer = new SeccompLayer(CALLS);

    @TempDir
    private Path files;

    static List<String> profiles() {
        return SeccompProfiles.names();
    }

    private static ContainerSpec.Builder spec(String profile) {
        return ContainerSpec.builder(Mode.AGENT, List.of("/bin/true")).seccomp(profile);
    }

    private static SeccompProfile base(ContainerSpec spec) {
        return SeccompProfiles.of(spec.security().seccomp());
    }

    private static SeccompProfile adapted(ContainerSpec spec) {
        return SeccompLayer.adapted(base(spec), spec, false);
    }

    private LaunchPlan.Seccomp program(ContainerSpec spec) {
        return layer.program(base(spec), spec);
    }

    private static boolean allows(LaunchPlan.Seccomp program, String name, long... arguments) {
        return answer(program, name, arguments) == ALLOW;
    }

    private static int answer(LaunchPlan.Seccomp program, String name, long... arguments) {
        return BpfMachine.run(
                program.program(), BpfMachine.X86_64, CALLS.number(name).orElseThrow(), arguments);
    }

    /** The variants of a profile: with and without the network, with and without files that outlive the container. */
    private static List<ContainerSpec> variants(String profile) {
        return List.of(
                spec(profile).build(),
                spec(profile).network(Network.HOST).build(),
                spec(profile).volumes(WRITABLE).build(),
                spec(profile).network(Network.HOST).volumes(WRITABLE).build());
    }

    /** libseccomp merges several rules for one call into a tree, which must mean the same as the rules. */
    @ParameterizedTest
    @MethodSource("profiles")
    void aProgramMatchesTheRulesOfItsProfile(String name) {
        long seed = name.hashCode();
        RandomGenerator random = Seeds.random(seed);
        for (ContainerSpec spec : variants(name)) {
            SeccompProfile profile = adapted(spec);
            LaunchPlan.Seccomp program = program(spec);
            var calls = new TreeSet<String>();
            profile.rules().forEach(rule -> calls.addAll(rule.names()));
            for (String call : calls) {
                List<Long> telling = tellingValues(profile, call);
                for (int i = 0; i < 200; i++) {
                    long[] arguments = random.longs(MAX_ARGUMENTS)
                            .map(value -> random.nextInt(8) == 0
                                    ? value
                                    : telling.get(random.nextInt(telling.size()))
                                            ^ (random.nextBoolean() ? 0 : 1L << random.nextInt(64)))
                            .toArray();

                    assertThat(answer(program, call, arguments) == ALLOW)
                            .as(
                                    "%s%s of %s with a network %s and volumes %s, seed %d",
                                    call,
                                    Arrays.toString(arguments),
                                    name,
                                    spec.network(),
                                    spec.filesystem().volumes(),
                                    seed)
                            .isEqualTo(expected(profile, call, arguments));
                }
            }
        }
    }

    private static List<Long> tellingValues(SeccompProfile profile, String call) {
        var values = new ArrayList<>(List.of(0L, 04755L, 02755L, 0644L, 0x41L, 0x410001L));
        profile.rules().stream()
                .filter(rule -> rule.names().contains(call))
                .flatMap(rule -> rule.conditions().stream())
                .forEach(condition -> values.addAll(List.of(condition.value(), condition.expected())));
        return values;
    }

    private static boolean expected(SeccompProfile profile, String call, long[] arguments) {
        return profile.rules().stream()
                .filter(rule -> rule.errno().isEmpty() && rule.names().contains(call))
                .anyMatch(rule -> rule.conditions().stream()
                        .allMatch(condition -> condition.holds(arguments[condition.index()])));
    }

    @ParameterizedTest
    @MethodSource("profiles")
    void noFileThatOutlivesTheContainerGetsASetIdBit(String name) {
        LaunchPlan.Seccomp without = program(spec(name).build());
        for (LaunchPlan.Seccomp program : List.of(
                program(spec(name).volumes(WRITABLE).build()),
                program(spec(name)
                        .workspace(Optional.of(WorkspaceMount.parse("/srv/work:bind-rw", Mode.AGENT)))
                        .build()),
                program(spec(name)
                        .workspace(Optional.of(WorkspaceMount.parse("/srv/work:copy-in-out", Mode.AGENT)))
                        .build()),
                // A container with only a read-only volume can still receive an open file from another.
                program(spec(name)
                        .volumes(List.of(new VolumeMount("/srv/data", "/data", true)))
                        .build()),
                program(spec(name).network(Network.HOST).build()))) {
            for (long mode : new long[] {04755, 02755, 06777, 0104755}) {
                assertThat(allows(program, "chmod", 0, mode)).isFalse();
                assertThat(allows(program, "fchmod", 3, mode)).isFalse();
                assertThat(allows(program, "fchmodat", 3, 0, mode)).isFalse();
                assertThat(allows(program, "mkdir", 0, mode)).isFalse();
                assertThat(allows(program, "mkdirat", 3, 0, mode)).isFalse();
                assertThat(allows(program, "creat", 0, mode)).isFalse();
                assertThat(allows(program, "open", 0, 0x41, mode)).isFalse();
                assertThat(allows(program, "openat", 3, 0, 0x41, mode)).isFalse();
                assertThat(allows(program, "openat", 3, 0, 0x410001, mode))
                        .as("O_TMPFILE")
                        .isFalse();
                assertThat(allows(program, "openat", 3, 0, 0x80000, mode))
                        .as("without O_CREAT there is no mode")
                        .isTrue();
                assertThat(allows(program, "open", 0, 0x10000, mode))
                        .as("O_DIRECTORY is not O_TMPFILE")
                        .isTrue();
                assertThat(allows(without, "chmod", 0, mode)).isTrue();
            }
            for (long mode : new long[] {0755, 01777, 0}) {
                assertThat(allows(program, "chmod", 0, mode)).isTrue();
                assertThat(allows(program, "openat", 3, 0, 0x41, mode)).isTrue();
                assertThat(allows(program, "mkdir", 0, mode)).isTrue();
            }
            assertThat(answer(program, "openat2", 3, 0, 0, 24)).isEqualTo(ENOSYS);
        }
    }

    /** With a limit of 0 the kernel still starts a handler that cores are piped to; with 1 it doesn't (core(5)). */
    @ParameterizedTest
    @MethodSource("profiles")
    void noBuiltInProfileAllowsChangingTheCoreLimit(String name) {
        int core = 4;
        int openFiles = 7;
        for (ContainerSpec spec : variants(name)) {
            LaunchPlan.Seccomp program = program(spec);

            assertThat(allows(program, "setrlimit", core, 0x1000)).isFalse();
            assertThat(answer(program, "prlimit64", 0, core, 0x1000, 0)).isEqualTo(DONE);
            assertThat(answer(program, "prlimit64", 0, 1L << 32 | core, 0x1000, 0))
                    .as("the kernel reads 32 bits of it")
                    .isEqualTo(DONE);
            assertThat(answer(program, "prlimit64", 0, core, 0x1000, 0x2000))
                    .as("the old limit cannot be reported")
                    .isNotIn(ALLOW, DONE);
            assertThat(allows(program, "prlimit64", 0, core, 0, 0x1000))
                    .as("read")
                    .isTrue();
            assertThat(allows(program, "prlimit64", 0, openFiles, 0x1000, 0)).isTrue();
        }
    }

    @Test
    void aCustomProfileCannotAllowChangingTheCoreLimit() throws IOException {
        Path file = Files.writeString(files.resolve("limits.json"), """
                {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
                  {"names": ["execve", "write", "exit_group"], "action": "SCMP_ACT_ALLOW"},
                  {"names": ["setrlimit"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 3, "op": "SCMP_CMP_GE"}]},
                  {"names": ["prlimit64"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 1, "value": 4, "op": "SCMP_CMP_EQ"}]}
                ]}
                """);

        LaunchPlan.Seccomp program = program(spec("default")
                .seccomp(new PolicySource.File(file, Optional.empty()))
                .build());

        assertThat(allows(program, "setrlimit", 4, 0x1000)).isFalse();
        assertThat(allows(program, "setrlimit", 7, 0x1000)).isTrue();
        assertThat(allows(program, "setrlimit", 2, 0x1000)).isFalse();
        assertThat(answer(program, "prlimit64", 0, 4, 0x1000, 0)).isEqualTo(DONE);
        assertThat(allows(program, "prlimit64", 0, 4, 0, 0x1000)).isTrue();
        assertThat(allows(program, "prlimit64", 0, 7, 0, 0x1000)).isFalse();
    }

    @Test
    void aCustomProfileCannotAllowSetIdFiles() throws IOException {
        Path file = Files.writeString(files.resolve("own.json"), """
                {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
                  {"names": ["execve", "write", "exit_group", "mknod", "mknodat", "fchmodat2", "openat2", "open",
                             "io_uring_setup", "io_uring_enter"], "action": "SCMP_ACT_ALLOW"},
                  {"names": ["chmod"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 1, "value": 2541, "op": "SCMP_CMP_EQ"}]},
                  {"names": ["chmod"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 1, "value": 493, "op": "SCMP_CMP_EQ"}]},
                  {"names": ["fchmod"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 1, "value": 7, "op": "SCMP_CMP_MASKED_EQ", "valueTwo": 5}]},
                  {"names": ["mkdir"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 1, "value": 0, "op": "SCMP_CMP_GE"}]}
                ]}
                """);
        ContainerSpec spec = spec("default")
                .seccomp(new PolicySource.File(file, Optional.empty()))
                .volumes(WRITABLE)
                .build();

        LaunchPlan.Seccomp program = program(spec);

        assertThat(allows(program, "mknod", 0, 0104755)).isFalse();
        assertThat(allows(program, "mknodat", 3, 0, 0102755)).isFalse();
        assertThat(allows(program, "mknod", 0, 0100755)).isTrue();
        assertThat(allows(program, "fchmodat2", 3, 0, 04755)).isFalse();
        assertThat(allows(program, "fchmodat2", 3, 0, 0755)).isTrue();
        for (String unseen : List.of("openat2", "io_uring_setup", "io_uring_enter")) {
            assertThat(answer(program, unseen, 0, 0, 0)).as(unseen).isEqualTo(ENOSYS);
        }
        assertThat(allows(program, "chmod", 0, 04755)).isFalse();
        assertThat(allows(program, "chmod", 0, 0755)).isTrue();
        assertThat(allows(program, "fchmod", 3, 0755)).isTrue();
        assertThat(allows(program, "fchmod", 3, 04755)).isFalse();
        assertThat(allows(program, "fchmod", 3, 0754)).isFalse();
        assertThat(allows(program, "mkdir", 0, 0755))
                .as("can't be expressed in one condition")
                .isFalse();
        assertThat(adapted(spec).warnings())
                .anyMatch(warning -> warning.contains("mkdir") && warning.contains("left out"));
    }

    @Test
    void aProfileThatAllowsNewFiltersByAnyConditionReportsNoDenials() throws IOException {
        Path file = Files.writeString(files.resolve("filters.json"), """
                {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
                  {"names": ["execve", "write", "exit_group"], "action": "SCMP_ACT_ALLOW"},
                  {"names": ["prctl"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 40, "op": "SCMP_CMP_LT"}]}
                ]}
                """);

        assertThat(program(spec("default")
                                .seccomp(new PolicySource.File(file, Optional.empty()))
                                .build())
                        .denied())
                .isEqualTo(LaunchPlan.Seccomp.Denied.REFUSED);
    }

    /** Socket families, see socket(2), and netlink(7) for reading the container's addresses. */
    @ParameterizedTest
    @MethodSource("profiles")
    void onlyTheNeededSocketFamiliesAreAllowed(String name) {
        LaunchPlan.Seccomp program = program(spec(name).build());
        boolean networked = !name.equals("default");
        for (int family = 0; family < 64; family++) {
            assertThat(allows(program, "socketpair", family, 1, 0))
                    .as("pair %d", family)
                    .isEqualTo(family == 1);
            for (int protocol = 0; protocol < 32; protocol++) {
                boolean expected = family == 1
                        || networked && (family == 2 || family == 10) && (protocol == 0 || protocol == 6)
                        || networked && family == 16 && protocol == 0;
                assertThat(allows(program, "socket", family, 0x80001, protocol))
                        .as("family %d, protocol %d", family, protocol)
                        .isEqualTo(expected);
            }
        }
        assertThat(allows(program, "socket", 2, 1, 132)).as("SCTP").isFalse();
        assertThat(allows(program, "socket", 2, 6, 0)).as("DCCP").isFalse();
        assertThat(allows(program, "socket", 0x1_0000_0001L, 1, 0)).isFalse();
        assertThat(allows(program(spec("default").network(Network.HOST).build()), "socket", 16, 3, 0))
                .as("with a network")
                .isTrue();
    }

    @Test
    void aCustomProfileThatAllowsSocketsByNameAloneGetsOnlyAfUnix() throws IOException {
        Path file = Files.writeString(files.resolve("sockets.json"), """
                {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["execve", "write", "exit_group", "socket",
                  "socketpair", "fcntl", "madvise"], "action": "SCMP_ACT_ALLOW"}]}
                """);
        LaunchPlan.Seccomp program = program(spec("default")
                .seccomp(new PolicySource.File(file, Optional.empty()))
                .build());

        for (String call : List.of("socket", "socketpair")) {
            assertThat(allows(program, call, 1, 1, 0)).isTrue();
            for (int family : new int[] {2, 10, 16, 17, 38, 40}) {
                assertThat(allows(program, call, family, 1, 0))
                        .as("%s %d", call, family)
                        .isFalse();
            }
        }
        assertThat(allows(program, "fcntl", 3, 1)).isTrue();
        assertThat(allows(program, "fcntl", 3, 1024)).as("F_SETLEASE").isFalse();
    }

    /** Arguments that a hostile workload would use against its supervisor, the host's files, or other containers. */
    @ParameterizedTest
    @MethodSource("profiles")
    void argumentsThatReachOutsideTheContainerAreRefused(String name) {
        LaunchPlan.Seccomp program = program(spec(name).build());

        assertThat(allows(program, "prctl", 1, 0))
                .as("PR_SET_PDEATHSIG, cleared")
                .isFalse();
        assertThat(allows(program, "prctl", 1, 17))
                .as("PR_SET_PDEATHSIG, SIGCHLD")
                .isFalse();
        assertThat(allows(program, "prctl", 1, 9))
                .as("PR_SET_PDEATHSIG, SIGKILL")
                .isTrue();
        assertThat(allows(program, "prctl", 27)).as("PR_GET_SECUREBITS").isTrue();
        assertThat(allows(program, "prctl", 28, 0)).as("PR_SET_SECUREBITS").isFalse();
        assertThat(allows(program, "prctl", 47, 1, 0))
                .as("PR_CAP_AMBIENT_IS_SET")
                .isTrue();
        assertThat(allows(program, "prctl", 47, 2, 0))
                .as("PR_CAP_AMBIENT_RAISE")
                .isFalse();
        assertThat(allows(program, "ioctl", 3, 0x8912))
                .as("SIOCGIFCONF, where there is a network")
                .isEqualTo(allows(program, "socket", 2, 1, 0));
        assertThat(allows(program, "ioctl", 3, 0x8914)).as("SIOCSIFFLAGS").isFalse();
        assertThat(allows(program, "fcntl", 3, 1024)).as("F_SETLEASE").isFalse();
        assertThat(allows(program, "fcntl", 3, 0x1_0000_0400L))
                .as("F_SETLEASE, as the kernel reads it")
                .isFalse();
        assertThat(allows(program, "fcntl", 3, 1026)).as("F_NOTIFY").isFalse();
        assertThat(allows(program, "fcntl", 3, 1030)).as("F_DUPFD_CLOEXEC").isTrue();
        assertThat(allows(program, "fcntl", 3, 38)).as("F_OFD_SETLKW").isTrue();
        assertThat(allows(program, "madvise", 0, 4096, 12)).as("MADV_MERGEABLE").isFalse();
        assertThat(allows(program, "madvise", 0, 4096, 100)).as("MADV_HWPOISON").isFalse();
        assertThat(allows(program, "madvise", 0, 4096, 4)).as("MADV_DONTNEED").isTrue();
        assertThat(allows(program, "madvise", 0, 4096, 14)).as("MADV_HUGEPAGE").isTrue();
        assertThat(allows(program, "clone", 0x8011)).as("CLONE_PARENT").isFalse();
        assertThat(allows(program, "ioctl", 0, 0x5412)).as("TIOCSTI").isFalse();
        assertThat(allows(program, "ioctl", 0, 0x541c)).as("TIOCLINUX").isFalse();
        assertThat(allows(program, "ioctl", 0, 0x1_0000_5412L)).isFalse();
        assertThat(allows(program, "shmat", 1, 0, 0x8000)).as("SHM_EXEC").isFalse();
        assertThat(allows(program, "personality", 0x0400000))
                .as("READ_IMPLIES_EXEC")
                .isFalse();
    }

    @Test
    void aSpecOfAnotherVariantIsNeverServedFromTheCache() {
        byte[] first = program(spec("default").build()).program();
        byte[] second = program(spec("default").volumes(WRITABLE).build()).program();

        assertThat(first).isNotEqualTo(second);
        assertThat(program(spec("default").build()).program()).isEqualTo(first);
        assertThat(OptionalInt.of(answer(program(spec("default").build()), "openat2", 0, 0, 0)))
                .isNotEqualTo(OptionalInt.of(ENOSYS));
    }
}
