package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.policy.SeccompProfiles;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Network;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.spec.User;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import dev.nucleus.support.TestRootfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Confinement as code inside a container sees it, against a real kernel. */
@Tag("isolation")
class ConfinementTest {

    @TempDir
    private static Path files;

    @SharedManager
    private static TestManager manager;

    private static Path rootfs;

    @BeforeAll
    static void start() throws Exception {
        rootfs = TestRootfs.build(
                files.resolve("rootfs"),
                "/bin/sh",
                "/bin/cat",
                "/bin/ls",
                "/bin/sleep",
                "/usr/bin/perl",
                "/bin/readlink",
                "/usr/bin/id");
    }

    private static ContainerSpec spec(Mode mode, String command) {
        return spec(mode, Optional.empty(), List.of("/bin/sh", "-c", command));
    }

    private static ContainerSpec spec(Mode mode, Optional<User> user, List<String> command) {
        boolean production = mode == Mode.PRODUCTION;
        return ContainerSpec.builder(mode, command)
                .rootfs(production ? Optional.of(rootfs) : Optional.empty())
                .user(user)
                .memory(Optional.of(MemorySize.parse("128M")))
                .cpus(Optional.of(new Cpus(1)))
                .pids(64)
                .openFiles(256)
                .build();
    }

    private static String out(Mode mode, String command) {
        TestManager.Output output = manager.run(spec(mode, command));
        assertThat(output.code()).as("%s%n%s", command, output).isZero();
        return output.out();
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void theWorkloadHasNoCapabilitiesAndIsFilteredBySeccomp(Mode mode) {
        String status = out(mode, "cat /proc/self/status");

        assertThat(status)
                .containsPattern("CapInh:\\s0000000000000000\n")
                .containsPattern("CapPrm:\\s0000000000000000\n")
                .containsPattern("CapEff:\\s0000000000000000\n")
                .containsPattern("CapBnd:\\s0000000000000000\n")
                .containsPattern("CapAmb:\\s0000000000000000\n")
                .containsPattern("NoNewPrivs:\\s1\n")
                .containsPattern("Seccomp:\\s2\n");
        assertThat(status.lines()
                        .filter(line -> line.startsWith("Uid:"))
                        .findFirst()
                        .orElseThrow())
                .doesNotMatch("Uid:\\s0\\s.*");
    }

    /**
     * Creates a socket and a socket pair of every address family (socket(2)), in several types and protocols. Prints
     * those that were created, and those that failed with an error other than EPERM, which the filter did not refuse.
     */
    private static final String EVERY_FAMILY = """
            for my $family (1..46) {
              for my $kind ([1, 0], [2, 0], [3, 0], [5, 0], [6, 0], [1, 132], [5, 132], [3, 1], map { [3, $_] } 2..22) {
                my ($type, $protocol) = @$kind;
                my $name = "$family/$type/$protocol";
                if (socket(my $s, $family, $type, $protocol)) { print "socket $name\n" }
                elsif ($! != 1) { print "error @{[$!+0]} of socket $name\n" }
                if (socketpair(my $a, my $b, $family, $type, $protocol)) { print "pair $name\n" }
                elsif ($! != 1) { print "error @{[$!+0]} of pair $name\n" }
              }
            }
            """;

    static Stream<Arguments> profilesAndNetworks() {
        return SeccompProfiles.names().stream()
                .flatMap(
                        profile -> Stream.of(Arguments.of(profile, Network.NONE), Arguments.of(profile, Network.HOST)));
    }

    /** Address families: 1 is AF_UNIX, 2 AF_INET, 10 AF_INET6, and 16 AF_NETLINK, whose protocol 0 is NETLINK_ROUTE. */
    @ParameterizedTest(name = "{0}, network {1}")
    @MethodSource("profilesAndNetworks")
    void aProfileAllowsOnlyItsSocketFamilies(String profile, Network network) {
        TestManager.Output output =
                manager.run(ContainerSpec.builder(Mode.AGENT, List.of("/usr/bin/perl", "-e", EVERY_FAMILY))
                        .seccomp(profile)
                        .network(network)
                        .allowDegraded(true)
                        .build());

        assertThat(output.code()).as(output.err()).isZero();
        List<String> made =
                output.out().lines().filter(line -> !line.startsWith("error")).toList();
        List<String> reached = output.out()
                .lines()
                .map(line -> line.substring(line.lastIndexOf(' ', line.lastIndexOf(' ') - 1) + 1))
                .toList();
        boolean networked = network == Network.HOST || !profile.equals("default");
        assertThat(made).contains("socket 1/1/0", "pair 1/1/0", "pair 1/2/0");
        if (networked) {
            assertThat(made).contains("socket 2/1/0", "socket 2/2/0", "socket 10/1/0", "socket 16/3/0");
        }
        assertThat(reached)
                .allMatch(line -> line.matches(
                        networked
                                ? "pair 1/.*|socket (1/.*|2/[123]/.*|10/[123]/.*|16/[1-6]/0)"
                                : "(pair|socket) 1/.*"));
        assertThat(reached).as("SCTP would load a kernel module").doesNotContain("socket 2/1/132", "socket 10/1/132");
        assertThat(made).noneMatch(line -> line.matches("socket (2|10)/3/.*"));
    }

    /** getifaddrs(3) uses NETLINK_ROUTE. */
    @ParameterizedTest
    @ValueSource(strings = {"network-server", "database", "jvm", "node", "python-agent"})
    void aServerCanListItsAddresses(String profile) {
        String script = "import ctypes; l = ctypes.CDLL(None, use_errno=True); p = ctypes.c_void_p();"
                + " print(l.getifaddrs(ctypes.byref(p)), bool(p.value))";

        TestManager.Output output =
                manager.run(ContainerSpec.builder(Mode.STRICT_AGENT, List.of("/usr/bin/python3", "-c", script))
                        .seccomp(profile)
                        .build());

        assertThat(output.out()).as(output.err()).isEqualTo("0 True\n");
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void everyNamespaceDiffersFromTheHosts(Mode mode) throws IOException {
        for (String kind : List.of("pid", "mnt", "net", "uts", "ipc", "cgroup")) {
            String host = Files.readSymbolicLink(Path.of("/proc/self/ns", kind)).toString();

            assertThat(out(mode, "readlink /proc/self/ns/" + kind).strip())
                    .as(kind)
                    .startsWith(kind + ":[")
                    .isNotEqualTo(host);
        }
    }

    @Test
    void theInitIsPid1InEveryModeUnlessDisabled() {
        for (Mode mode : Mode.values()) {
            assertThat(out(mode, "echo $$").strip()).as(mode.toString()).isEqualTo("2");
        }

        assertThat(manager.run(ContainerSpec.builder(Mode.AGENT, List.of("/bin/sh", "-c", "echo $$"))
                                .init(false)
                                .build())
                        .out())
                .isEqualTo("1\n");
    }

    @Test
    void theWorkloadRunsAsAUserOfTheRootfs() {
        var user = new User("app", Optional.empty(), List.of("extra"));

        assertThat(manager.run(spec(Mode.PRODUCTION, Optional.of(user), List.of("/usr/bin/id")))
                        .out())
                .isEqualTo("uid=4711(app) gid=4712(app) groups=4712(app),4713(extra)\n");
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void onlyInMemoryFilesystemsAreWritable(Mode mode) {
        assertThat(out(mode, "echo x > /tmp/x && cat /tmp/x && echo y > /dev/shm/y && echo z > $HOME/z && cat $HOME/z"))
                .isEqualTo("x\nz\n");
        for (String path : List.of("/x", "/usr/x", "/etc/passwd", "/dev/x", "/proc/self/oom_score_adj")) {
            assertThat(manager.run(spec(mode, "echo x > " + path)).code())
                    .as(path)
                    .isNotZero();
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void theHostsSecretsAreHidden(Mode mode) {
        for (String path : List.of("/etc/shadow", "/root", "/sys/kernel", "/var/lib/dpkg", "/proc/sys/kernel")) {
            assertThat(manager.run(spec(mode, "ls -d " + path)).code()).as(path).isNotZero();
        }
        for (String masked : List.of("kallsyms", "keys", "timer_list", "interrupts")) {
            assertThat(out(mode, "cat /proc/" + masked)).as(masked).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void mountsAreNosuidNodevAndReadOnlyOrNoexec(Mode mode) {
        assertThat(out(mode, "cat /proc/self/mounts").lines()).isNotEmpty().allSatisfy(line -> {
            String[] fields = line.split(" ");
            List<String> options = List.of(fields[3].split(","));
            if (fields[1].startsWith("/proc/") && fields[0].equals("devtmpfs")) {
                return;
            }
            // Device nodes can't be created in a user namespace; the host's are bound one by one.
            if (fields[1].startsWith("/dev/") && fields[0].equals("devtmpfs")) {
                assertThat(options).as(line).contains("nosuid", "noexec");
                return;
            }
            assertThat(options).as(line).contains("nosuid");
            // A devpts instance of its own: terminals of other containers and of the host are out of reach.
            if (fields[1].equals("/dev/pts")) {
                assertThat(fields[2]).isEqualTo("devpts");
                assertThat(options).contains("noexec", "ptmxmode=666", "mode=600", "max=64");
                return;
            }
            assertThat(options.contains("nodev") || fields[1].equals("/dev"))
                    .as(line)
                    .isTrue();
            assertThat(options.contains("ro")
                            || List.of("/tmp", "/dev/shm", "/home/agent").contains(fields[1]))
                    .as(line)
                    .isTrue();
            assertThat(options.contains("ro") || options.contains("noexec"))
                    .as("nothing writable is executable: %s", line)
                    .isTrue();
        });
    }

    /** core(5): with a limit of 0, a handler on the host that cores are piped to would still be started. */
    @ParameterizedTest
    @EnumSource(Mode.class)
    void theCoreLimitIsOneAndCannotBeLowered(Mode mode) {
        String one = "Max core file size +1 +1 +bytes";
        assertThat(out(mode, "cat /proc/self/limits")).containsPattern(one);
        assertThat(out(mode, "ulimit -c 0 && cat /proc/self/limits"))
                .as("ulimit reports success and has no effect")
                .containsPattern(one);
    }

    @Test
    void aSetUserIdProgramGrantsNoPrivileges() {
        assertThat(out(Mode.AGENT, "[ ! -u /bin/su ] || echo there; id -u; /bin/su -c id 2>&1 || true"))
                .doesNotContain("uid=0");
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void onlyHarmlessDevicesExistAndTheyAreUsable(Mode mode) {
        assertThat(out(mode, "cd /dev && ls").split("\\s+"))
                .containsExactlyInAnyOrder(
                        "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty",
                        "urandom", "zero");
        assertThat(out(mode, "echo gone > /dev/null; echo on stdout > /dev/stdout; echo done"))
                .isEqualTo("on stdout\ndone\n");
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void noDescriptorOfTheHostIsOpenInside(Mode mode) {
        assertThat(out(mode, "ls /proc/self/fd").split("\\s+")).containsExactly("0", "1", "2", "3");
    }

    @Test
    void theHostsEnvironmentIsNotInherited() {
        assertThat(out(Mode.AGENT, "cat /proc/self/environ").split("\0"))
                .allMatch(variable -> variable.matches("(PATH|HOME|LANG|USER|PWD)=.*"));
    }

    /** x86-64 system call numbers (asm/unistd_64.h); the results are errnos: 1 EPERM, 38 ENOSYS. */
    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "mount             | 165, 0, 0, 0, 0, 0          | 1",
                "umount2           | 166, 0, 0                   | 1",
                "pivot_root        | 155, 0, 0                   | 1",
                "chroot            | 161, 0                      | 1",
                "unshare user      | 272, 0x10000000             | 1",
                "unshare mount     | 272, 0x00020000             | 1",
                "setns             | 308, 0, 0                   | 1",
                "clone user        | 56, 0x10000011, 0, 0, 0, 0  | 1",
                "clone3            | 435, 0, 88                  | 38",
                "ptrace            | 101, 0, 0, 0, 0             | 1",
                "process_vm_readv  | 310, 1, 0, 0, 0, 0, 0       | 1",
                "keyctl            | 250, 0, 0, 0, 0, 0          | 1",
                "bpf               | 321, 0, 0, 0                | 1",
                "perf_event_open   | 298, 0, 0, 0, 0, 0          | 1",
                "userfaultfd       | 323, 0                      | 1",
                "io_uring_setup    | 425, 1, 0                   | 1",
                "kexec_load        | 246, 0, 0, 0, 0             | 1",
                "init_module       | 175, 0, 0, 0                | 1",
                "reboot            | 169, 0, 0, 0, 0             | 1",
                "settimeofday      | 164, 0, 0                   | 1",
                "memfd_create      | 319, 0, 0                   | 1",
                "open_by_handle_at | 304, 0, 0, 0                | 1",
                "mknod device      | 133, 0, 0x2180, 0x101       | 1",
                "socket packet     | 41, 17, 3, 0                | 1",
                "socket netlink    | 41, 16, 3, 0                | 1",
                "socket vsock      | 41, 40, 1, 0                | 1",
                "mprotect W+X      | 10, 0, 4096, 7              | 1",
                "personality       | 135, 8                      | 1",
                "x32 getpid        | 0x40000027                  | 1",
                "ioctl TIOCSTI     | 16, 0, 0x5412, 0            | 1",
                "ioctl TIOCLINUX   | 16, 0, 0x541c, 0            | 1",
                "pdeathsig cleared | 157, 1, 0, 0, 0, 0          | 1",
                "a lease           | 72, 0, 1024, 0              | 1",
                "dnotify           | 72, 0, 1026, 1              | 1",
                "merged memory     | 28, 0, 0, 12                | 1",
                "clone parent      | 56, 0x8011, 0, 0, 0, 0      | 1",
                "open_tree_attr    | 467, 0, 0, 0, 0, 0          | 1",
                "pidfd_getfd       | 438, 0, 0, 0                | 1",
                "fanotify_init     | 300, 0, 0                   | 1",
                "listmount         | 458, 0, 0, 0, 0             | 1",
                "name_to_handle_at | 303, 0, 0, 0, 0, 0          | 1",
                "memfd_secret      | 447, 0                      | 1",
                "modify_ldt        | 154, 0, 0, 0                | 1"
            })
    void dangerousSystemCallsAreRefused(String name, String arguments, int errno) {
        String program = "my $r = syscall(" + arguments + "); print $r == -1 ? $!+0 : 'allowed';";

        for (Mode mode : Mode.values()) {
            var output = manager.run(spec(mode, Optional.empty(), List.of("/usr/bin/perl", "-e", program)));
            assertThat(output.out()).as("%s in %s mode: %s", name, mode, output).isEqualTo(Integer.toString(errno));
        }
    }

    @Test
    void aForkBombStopsAtTheProcessLimit() {
        String bomb =
                "my $n = 0; while ($n < 500) { my $p = fork; last unless defined $p; if (!$p) { sleep 30; exit } $n++ }"
                        + " print $n < 64 ? 'stopped' : \"made $n\"; kill 9, -1;";

        assertThat(manager.run(spec(Mode.AGENT, Optional.empty(), List.of("/usr/bin/perl", "-e", "$|=1;" + bomb)))
                        .out())
                .isEqualTo("stopped");
    }

    @Test
    void aMemoryBombIsKilledAtTheMemoryLimit() {
        String bomb = "my @a; push @a, 'x' x (1 << 20) for 1..4096; print 'survived'";

        var output = manager.run(spec(Mode.PRODUCTION, Optional.empty(), List.of("/usr/bin/perl", "-e", bomb)));

        assertThat(output.code()).isEqualTo(137);
        assertThat(output.out()).isEmpty();
    }

    @Test
    void anOutOfMemoryKillIsReportedAsSuch() throws Exception {
        String bomb = "my @a; push @a, 'x' x (1 << 20) for 1..4096";
        Container hog = manager.containers()
                .launch(LaunchOrder.detached(spec(Mode.AGENT, Optional.empty(), List.of("/usr/bin/perl", "-e", bomb))));
        Container killed =
                manager.containers().launch(LaunchOrder.detached(spec(Mode.AGENT, "kill -9 $$; exec sleep 60")));
        manager.containers().stop(killed, new StopSpec(Signal.KILL, Duration.ZERO));

        assertThat(hog.end().get(30, TimeUnit.SECONDS).status().orElseThrow())
                .hasToString("killed by SIGKILL, out of memory");
        assertThat(killed.end().get(30, TimeUnit.SECONDS).status().orElseThrow())
                .hasToString("killed by SIGKILL");
        assertThat(Files.readString(hog.directory().resolve("exit.json"))).contains("\"outOfMemory\":true");
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void anExecIsConfinedLikeTheWorkload(Mode mode) throws IOException {
        Container container = manager.containers().launch(LaunchOrder.detached(spec(mode, "exec sleep 60")));
        try {
            String script =
                    "cat /proc/self/status | while read a b c; do case $a in Uid:|Gid:|Cap*|Seccomp:|NoNewPrivs:)"
                            + " echo $a $b $c;; esac; done; for n in pid mnt net uts ipc cgroup; do readlink /proc/self/ns/$n;"
                            + " done; cat /proc/self/cgroup";
            var asExec = container.shim().capture(List.of("/bin/sh", "-c", script), Duration.ofSeconds(10));
            String inside = "/proc/" + container.whileRunning().orElseThrow().pid();
            String seen = asExec.output();

            for (String kind : List.of("pid", "mnt", "net", "uts", "ipc", "cgroup")) {
                assertThat(seen)
                        .contains(Files.readSymbolicLink(Path.of(inside, "ns", kind))
                                .toString());
            }
            assertThat(seen)
                    .contains("CapEff: 0000000000000000", "CapBnd: 0000000000000000", "Seccomp: 2", "NoNewPrivs: 1");
            assertThat(seen.lines().filter(line -> line.contains(":pids:"))).allMatch(line -> line.endsWith(":/"));
            var refused = container
                    .shim()
                    .capture(
                            List.of(
                                    "/bin/sh",
                                    "-c",
                                    "LC_ALL=C exec /usr/bin/perl -e 'print syscall(165,0,0,0,0,0) == -1 ? $!+0 : 2'"),
                            Duration.ofSeconds(10));
            assertThat(refused.output()).isEqualTo("1");
            assertThat(container
                            .shim()
                            .capture(List.of("/bin/sh", "-c", "echo x > /usr/x"), Duration.ofSeconds(10))
                            .status()
                            .code())
                    .isNotZero();
        } finally {
            manager.containers().stop(container, new StopSpec(Signal.KILL, Duration.ZERO));
        }
    }

    @Test
    void theRuntimesProgramIsNotReadableFromInside() {
        assertThat(out(Mode.PRODUCTION, "cat /proc/1/exe > /dev/null 2>&1 && echo open || echo closed")
                        .strip())
                .as("CVE-2019-5736: PID 1 is the init, whose program belongs to the runtime")
                .isEqualTo("closed");
    }
}
