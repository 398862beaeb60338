package dev.nucleus.learning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.nucleus.kernel.SeccompCompiler;
import dev.nucleus.policy.Capability;
import dev.nucleus.policy.LandlockPolicy;
import dev.nucleus.policy.LandlockPolicy.Access;
import dev.nucleus.policy.SeccompProfile;
import dev.nucleus.policy.SeccompProfiles;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.fleetfile.FleetReader;
import dev.nucleus.support.Command;
import dev.nucleus.support.Seeds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Policies learnt from recorded traces, without running anything. */
class PolicyLearningTest {

    private static final SeccompCompiler CALLS = SeccompCompiler.load();

    @TempDir
    private Path root;

    private LearntPolicy learn(String... lines) throws IOException {
        Path record = Files.write(root.resolve("trace.json"), List.of(lines));
        return Learning.learn("p", Trace.read(List.of(record)), root, List.of("/tmp", "/data"), CALLS::name);
    }

    /** A call as the shim records it, with only those arguments that determine its purpose. */
    private static String call(String name, long... arguments) {
        String recorded = IntStream.range(0, arguments.length)
                .mapToObj(i -> "\"%d\":%s".formatted(i, Long.toUnsignedString(arguments[i])))
                .collect(Collectors.joining(","));
        return "{\"number\":%d,\"architecture\":3221225534,\"arguments\":{%s}}"
                .formatted(CALLS.number(name).orElseThrow(), recorded);
    }

    private static String path(String name, String path, int flags) {
        return "{\"number\":%d,\"path\":\"%s\",\"flags\":%d}"
                .formatted(CALLS.number(name).orElseThrow(), path, flags);
    }

    private static String address(String name, String address, int port) {
        return "{\"number\":%d,\"address\":\"%s\",\"port\":%d}"
                .formatted(CALLS.number(name).orElseThrow(), address, port);
    }

    private Path file(String path, String content) throws IOException {
        Path file = root.resolve(path.substring(1));
        Files.createDirectories(file.getParent());
        return Files.writeString(file, content);
    }

    private static Set<Access> accessOf(LearntPolicy policy, String path) {
        return policy.landlock().rules().stream()
                .filter(rule -> rule.path().equals(path))
                .findFirst()
                .orElseThrow()
                .access();
    }

    @Test
    void anEmptyTraceIsRefused() {
        assertThatThrownBy(() -> learn())
                .isInstanceOf(InvalidSpecException.class)
                .hasMessageContaining("empty");
    }

    private static boolean allows(LearntPolicy policy, String name, long... arguments) {
        return policy.seccomp().rules().stream()
                .filter(rule -> rule.errno().isEmpty() && rule.names().contains(name))
                .anyMatch(rule -> rule.conditions().stream()
                        .allMatch(condition ->
                                condition.index() < arguments.length && condition.holds(arguments[condition.index()])));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mount",
                "unshare",
                "bpf",
                "ptrace",
                "setns",
                "open_tree",
                "open_tree_attr",
                "pidfd_getfd",
                "fanotify_init",
                "listmount",
                "statmount",
                "name_to_handle_at",
                "open_by_handle_at",
                "memfd_create",
                "memfd_secret",
                "modify_ldt",
                "io_uring_setup",
                "userfaultfd",
                "keyctl",
                "mknod",
                "chroot",
                "kexec_load",
                "vmsplice",
                "map_shadow_stack",
                "personality"
            })
    void callsThatNoProfileAllowsAreListedAndNotLearnt(String name) throws IOException {
        LearntPolicy policy = learn(call("read"), call(name));

        assertThat(policy.seccomp().rules())
                .filteredOn(rule -> rule.errno().isEmpty())
                .noneMatch(rule -> rule.names().contains(name));
        assertThat(policy.notes()).anyMatch(note -> note.startsWith("NOT granted, although attempted: " + name + ";"));
    }

    @ParameterizedTest
    @CsvSource({
        "socket, 40, 1, 0",
        "socket, 38, 5, 0",
        "socket, 17, 3, 768",
        "socket, 16, 3, 12",
        "socket, 2, 5, 132",
        "socketpair, 40, 0, 0",
        "ioctl, 0, 0x5412, 0",
        "ioctl, 0, 0x541c, 0",
        "prctl, 1, 0, 0",
        "prctl, 1, 17, 0",
        "prctl, 22, 0, 0",
        "fcntl, 0, 1024, 0",
        "madvise, 0, 0, 12",
        "clone, 0x10000000, 0, 0",
        "personality, 0x400000, 0, 0",
        "shmat, 0, 0, 0x8000"
    })
    void argumentsThatNoProfileAllowsAreListedAndNotLearnt(String name, String first, String second, String third)
            throws IOException {
        long[] arguments =
                Stream.of(first, second, third).mapToLong(Long::decode).toArray();

        LearntPolicy policy = learn(call("read"), call(name, arguments));

        assertThat(allows(policy, name, arguments)).isFalse();
        assertThat(policy.seccomp().rules())
                .noneMatch(rule -> rule.errno().isEmpty() && rule.names().contains(name));
        assertThat(policy.notes()).anyMatch(note -> note.startsWith("NOT granted, although attempted: " + name + "("));
    }

    @Test
    void aCallWhoseArgumentsWereNotRecordedIsNotLearnt() throws IOException {
        for (String name : List.of("socket", "socketpair", "ioctl", "prctl", "fcntl", "clone")) {
            LearntPolicy policy = learn(call("read"), call(name));

            assertThat(policy.seccomp().rules())
                    .as(name)
                    .noneMatch(rule -> rule.errno().isEmpty() && rule.names().contains(name));
        }
        assertThat(learn(call("read"), call("clone", 0x1200011)).seccomp().allows("clone3"))
                .isFalse();
    }

    @Test
    void manyKindsOfACallAreListedInOneLine() throws IOException {
        var lines = new ArrayList<>(List.of(call("read")));
        for (int request = 0xa000; request < 0xb000; request++) {
            lines.add(call("ioctl", 0, request));
        }

        assertThat(learn(lines.toArray(String[]::new)).notes())
                .filteredOn(note -> note.contains("ioctl"))
                .singleElement()
                .asString()
                .contains("and 4088 other kinds")
                .hasSizeLessThan(600);
    }

    /** Whatever a run did, the learnt policy is within what the profiles allow. */
    @Test
    void nothingIsLearntThatNoProfileAllows() throws IOException {
        var random = Seeds.random(4);
        var lines = new ArrayList<String>();
        for (int number = 0; number < 470; number++) {
            for (int i = 0; i < 20; i++) {
                lines.add(
                        "{\"number\":%d,\"architecture\":3221225534,\"arguments\":{\"0\":%d,\"1\":%d,\"2\":%d,\"4\":%d}}"
                                .formatted(
                                        number,
                                        random.nextInt(64),
                                        random.nextInt(64),
                                        random.nextInt(64),
                                        random.nextInt(8192)));
            }
        }

        SeccompProfile learnt = learn(lines.toArray(String[]::new)).seccomp();

        for (SeccompProfile.Rule rule : learnt.rules()) {
            if (rule.errno().isPresent()) {
                continue;
            }
            for (String name : rule.names()) {
                boolean writableCode =
                        List.of("mmap", "mprotect", "pkey_mprotect").contains(name);
                assertThat(SeccompProfiles.names())
                        .as("%s %s", name, rule.conditions())
                        .anyMatch(profile -> SeccompProfiles.named(profile).rules().stream()
                                .anyMatch(allowed -> allowed.errno().isEmpty()
                                        && allowed.names().contains(name)
                                        && (allowed.conditions().equals(rule.conditions())
                                                || writableCode
                                                        && allowed.conditions().isEmpty())));
            }
        }
    }

    @Test
    void argumentsThatDetermineACallsPurposeAreLearntOneByOne() throws IOException {
        LearntPolicy policy = learn(
                call("socket", 1, 1, 0),
                call("socket", 2, 0x80001, 0),
                call("ioctl", 0, 0x5401),
                call("mmap", 0, 0, 5),
                call("prctl", 1, 30));

        assertThat(allows(policy, "socket", 1, 2, 0)).isTrue();
        assertThat(allows(policy, "socket", 2, 1, 0)).isTrue();
        assertThat(allows(policy, "socket", 2, 2, 0))
                .as("datagrams were not seen")
                .isFalse();
        assertThat(allows(policy, "socket", 10, 1, 0)).isFalse();
        assertThat(allows(policy, "ioctl", 0, 0x5401)).isTrue();
        assertThat(allows(policy, "ioctl", 0, 0x5402)).isFalse();
        assertThat(allows(policy, "prctl", 1, 30)).as("as PostgreSQL calls it").isTrue();
        assertThat(allows(policy, "prctl", 1, 0)).isFalse();
        assertThat(policy.seccomp().allows("mmap"))
                .as("not writable and executable at once")
                .isFalse();
        assertThat(allows(policy, "mmap", 0, 0, 3)).isTrue();
        assertThat(allows(policy, "mmap", 0, 0, 7)).isFalse();
        assertThat(learn(call("mmap", 0, 0, 7)).seccomp().rules())
                .filteredOn(rule -> rule.names().contains("mmap"))
                .as("explicit, or the default filters would be merged in")
                .allMatch(rule -> rule.conditions().size() == 1)
                .anyMatch(rule -> rule.conditions().getFirst().expected() == 6);
    }

    private LearntPolicy within(Duration patience, String... lines) {
        return assertTimeoutPreemptively(patience, () -> learn(lines));
    }

    @Test
    void aFifoAndADeviceAreNotReadAsPrograms() throws Exception {
        Command.run("mkfifo", root.resolve("fifo").toString());
        file("/bin/script", "#!/fifo\n");
        Files.createSymbolicLink(root.resolve("zero"), Path.of("/dev/zero"));

        LearntPolicy policy = within(
                Duration.ofSeconds(10),
                call("execve"),
                path("execve", "/fifo", 0),
                path("execve", "/zero", 0),
                path("execve", "/bin/script", 0));

        assertThat(policy.landlock().rules())
                .filteredOn(rule -> rule.access().contains(Access.EXECUTE))
                .extracting(LandlockPolicy.Rule::path)
                .containsExactly("/bin/script");
    }

    @Test
    void scriptsThatInterpretEachOtherEndTheSearch() throws IOException {
        file("/bin/self", "#!/bin/self\n");
        for (int i = 0; i < 100; i++) {
            file("/bin/chain" + i, "#!/bin/chain" + (i + 1) + "\n");
        }

        LearntPolicy policy = within(
                Duration.ofSeconds(10),
                call("execve"),
                path("execve", "/bin/self", 0),
                path("execve", "/bin/chain0", 0));

        assertThat(accessOf(policy, "/bin/self")).contains(Access.EXECUTE);
        assertThat(policy.landlock().rules()).hasSizeLessThan(10);
    }

    @Test
    void linksAreResolvedWithinTheContainersRoot(@TempDir Path outside) throws IOException {
        Path secret = Files.writeString(outside.resolve("secret"), "#!/bin/interpreter\n");
        file("/bin/interpreter", "no elf");
        Files.createSymbolicLink(root.resolve("absolute"), secret);
        Files.createSymbolicLink(root.resolve("relative"), Path.of("../../../../../../.." + secret));
        Files.createSymbolicLink(root.resolve("magic"), Path.of("/proc/self/root" + secret));
        Files.createSymbolicLink(root.resolve("usr"), outside);

        LearntPolicy policy = learn(
                call("execve"),
                path("execve", "/absolute", 0),
                path("execve", "/relative", 0),
                path("execve", "/magic", 0),
                path("openat", "/usr/secret", 0),
                path("openat", "/../../../etc/shadow", 0),
                path("openat", "/bin/interpreter", 0));

        assertThat(policy.landlock().rules())
                .extracting(LandlockPolicy.Rule::path)
                .containsExactly("/bin/interpreter");
    }

    /** A container without a root filesystem of its own sees some of the host's trees, but not the host's own files. */
    @Test
    void theHostsOwnFilesAreNotRead(@TempDir Path outside) throws IOException {
        Path script = Files.writeString(outside.resolve("script"), "#!/bin/sh\n");
        Path record = Files.write(
                outside.resolve("trace.json"),
                List.of(
                        call("execve"),
                        path("execve", script.toString(), 0),
                        path("openat", "/etc/shadow", 0),
                        path("openat", "/root", 0x10000),
                        path("openat", "/var/lib/dpkg/status", 0),
                        path("openat", "/etc/hostname", 0),
                        path("openat", "/usr/bin/perl", 0)));

        LearntPolicy policy = Learning.learn("p", Trace.read(List.of(record)), Path.of("/"), List.of(), CALLS::name);

        assertThat(policy.landlock().rules())
                .extracting(LandlockPolicy.Rule::path)
                .isSubsetOf("/etc/hostname", "/usr/bin/perl")
                .contains("/usr/bin/perl");
    }

    /** A rule for a directory applies to everything below it. */
    @Test
    void aDirectoryIsGrantedForListingOnly() throws IOException {
        file("/usr/lib/x", "x");

        LearntPolicy policy = learn(
                call("execve"),
                path("execve", "/", 0),
                path("execve", "/usr", 0),
                path("openat", "/usr", 2),
                path("openat", "/usr/lib", 0x41),
                path("truncate", "/usr", 0),
                path("openat", "/usr/lib", 0));

        assertThat(policy.landlock().rules())
                .containsExactly(new LandlockPolicy.Rule("/usr/lib", Set.of(Access.READDIR)));
    }

    @Test
    void invalidPathsAreCountedAndOmitted() throws IOException {
        file("/bin/good", "x");
        var lines = new ArrayList<>(List.of(
                call("openat"),
                path("openat", "/bin/good", 0),
                path("openat", "/tmp/a\\u000ab", 0),
                path("openat", "/tmp/\\u001b[31mred", 0),
                path("openat", "/tmp/\\u00ff\\u00fe", 0),
                path("openat", "/tmp/\\u0000x", 0),
                path("openat", "/tmp/" + "d/".repeat(5_000), 0),
                path("openat", "relative", 0)));
        lines.add("x".repeat(1 << 20));
        lines.add("{\"number\":1e99,\"path\":[[[[");

        LearntPolicy policy = learn(lines.toArray(String[]::new));

        assertThat(policy.landlock().rules())
                .extracting(LandlockPolicy.Rule::path)
                .containsExactly("/bin/good");
        assertThat(policy.notes())
                .anyMatch(note -> note.contains("6 files whose paths"))
                .allMatch(note -> note.chars().allMatch(c -> c >= ' '));
    }

    @Test
    void aFullRecordIsReported() throws IOException {
        assertThat(learn(call("read"), "{\"full\":true}").notes()).anyMatch(note -> note.contains("the trace is full"));
    }

    @Test
    void aHugeRecordIsReadUpToTheLimit() throws IOException {
        Path record = root.resolve("huge.json");
        try (var out = Files.newBufferedWriter(record)) {
            out.write(call("read") + "\n");
            String line = path("openat", "/usr/" + "x".repeat(4_000), 0) + "\n";
            for (int i = 0; i < 12_000; i++) {
                out.write(line.replace("/usr/", "/usr/" + i));
            }
        }

        Trace trace = Trace.read(List.of(record));

        assertThat(trace.paths().stream().mapToLong(use -> use.path().length()).sum())
                .isLessThan(17L << 20);
        assertThat(trace.notes()).anyMatch(note -> note.contains("the trace is full"));
    }

    @Test
    void configurationFilesAreListedOneByOneHoweverMany() throws IOException {
        var lines = new ArrayList<>(List.of(call("openat")));
        for (int i = 0; i < 30; i++) {
            file("/etc/conf.d/" + i, "x");
            file("/usr/lib/" + i + ".so", "x");
            lines.add(path("openat", "/etc/conf.d/" + i, 0));
            lines.add(path("openat", "/usr/lib/" + i + ".so", 0));
        }

        LearntPolicy policy = learn(lines.toArray(String[]::new));

        assertThat(policy.landlock().rules()).anyMatch(rule -> rule.path().equals("/etc/conf.d/7"));
        assertThat(policy.landlock().rules()).noneMatch(rule -> rule.path().equals("/etc/conf.d"));
        assertThat(accessOf(policy, "/usr/lib")).containsExactly(Access.READ);
        assertThat(policy.notes()).anyMatch(note -> note.startsWith("/usr/lib: read for everything below it; 30 of"));
    }

    @Test
    void aWritableMountIsOneRuleAndReadOnlyFilesStayReadOnly() throws IOException {
        file("/usr/share/x", "x");
        LearntPolicy policy = learn(
                call("openat"),
                path("openat", "/data/a/../b", 0x41),
                path("unlink", "/data/old", 0),
                path("openat", "/usr/share/x", 2),
                path("openat", "/usr/share/missing", 0));

        assertThat(accessOf(policy, "/data")).containsExactlyInAnyOrder(Access.WRITE, Access.CREATE, Access.REMOVE);
        assertThat(accessOf(policy, "/usr/share/x")).containsExactly(Access.READ);
        assertThat(policy.landlock().rules()).hasSize(2);
    }

    @Test
    void theInterpreterOfAScriptIsLearntToo() throws IOException {
        file("/bin/run", "#!/bin/interpreter -x\n");
        file("/bin/interpreter", "no elf");

        LearntPolicy policy = learn(call("execve"), path("execve", "/bin/run", 0));

        assertThat(accessOf(policy, "/bin/interpreter")).containsExactlyInAnyOrder(Access.READ, Access.EXECUTE);
    }

    @Test
    void portsDestinationsAndTheirCapabilityAreLearnt() throws IOException {
        LearntPolicy policy = learn(call("bind"), address("bind", "0.0.0.0", 80), address("connect", "10.0.0.1", 5432));

        assertThat(policy.landlock().bind().orElseThrow().getFirst().number()).isEqualTo(80);
        assertThat(policy.landlock().connect().orElseThrow().getFirst().number())
                .isEqualTo(5432);
        assertThat(policy.capabilities()).containsExactly(Capability.NET_BIND_SERVICE);
        assertThat(policy.destinations()).containsExactly("10.0.0.1:5432");
    }

    @Test
    void aTruncatedLineIsIgnored() throws IOException {
        assertThat(learn(call("read"), "{\"number\":1,\"path\":\"/et").seccomp().allows("read"))
                .isTrue();
    }

    private static final String FLEET = """
            name: shop
            services:
              # the front
              web:
                command: [/bin/web]   # as built
                seccomp:
                  file: old.json
                memory: 64M

              db:
                command: [/bin/db]
            """;

    @Test
    void onlyTheLinesOfTheServiceAreChangedInAFleetFile() {
        FleetPatch patch = FleetPatch.of(
                "fleet.yaml", FLEET, "web", Map.of("seccomp", "seccomp: {file: new.json}"), List.of("trace"));

        assertThat(patch.text()).isEqualTo("""
                        name: shop
                        services:
                          # the front
                          web:
                            command: [/bin/web]   # as built
                            memory: 64M
                            seccomp: {file: new.json}

                          db:
                            command: [/bin/db]
                        """);
        assertThat(patch.diff())
                .contains("-    seccomp:\n-      file: old.json\n")
                .contains("+    seccomp: {file: new.json}\n");
        FleetReader.readText(Path.of("/f/fleet.yaml"), patch.text(), FleetReader.Checks.NONE);
    }

    @Test
    void aServiceInFlowStyleIsNotChanged() {
        assertThatThrownBy(() -> FleetPatch.of(
                        "f.yaml", "services: {web: {command: [x]}}", "web", Map.of("seccomp", "seccomp: x"), List.of()))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessageContaining("seccomp: x");
    }
}
