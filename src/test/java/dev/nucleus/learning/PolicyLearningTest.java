package dev.nucleus.learning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.kernel.SeccompCompiler;
import dev.nucleus.policy.Capability;
import dev.nucleus.policy.LandlockPolicy.Access;
import dev.nucleus.spec.FleetReader;
import dev.nucleus.spec.InvalidSpecException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is learnt from which records, without running anything. */
class PolicyLearningTest {

    private static final SeccompCompiler CALLS = SeccompCompiler.load();

    @TempDir
    private Path root;

    private LearntPolicy learn(String... lines) throws IOException {
        Path record = Files.write(root.resolve("trace.json"), List.of(lines));
        return Learning.learn("p", Trace.read(List.of(record)), root, List.of("/tmp", "/data"), CALLS::name);
    }

    private static String call(String name, long argument) {
        return "{\"number\":%d,\"architecture\":3221225534,\"argument\":%d}"
                .formatted(CALLS.number(name).orElseThrow(), argument);
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
    void anEmptyTraceTeachesNothing() {
        assertThatThrownBy(() -> learn())
                .isInstanceOf(InvalidSpecException.class)
                .hasMessageContaining("empty");
    }

    @Test
    void callsThatBreakOutAreNeverLearnt() throws IOException {
        LearntPolicy policy = learn(
                call("read", 0),
                call("mount", 0),
                call("unshare", 0x10000000),
                call("clone", 0x10000000),
                call("bpf", 0));

        for (String name : List.of("mount", "unshare", "bpf", "clone", "clone3")) {
            assertThat(policy.seccomp().allows(name)).as(name).isFalse();
        }
        assertThat(policy.notes())
                .anyMatch(note -> note.contains("NOT granted") && note.contains("mount"))
                .anyMatch(note -> note.contains("clone with new namespaces"));
    }

    @Test
    void argumentsThatTellACallsPurposeAreLearntOneByOne() throws IOException {
        LearntPolicy policy = learn(call("socket", 1), call("socket", 2), call("ioctl", 0x5401), call("mmap", 5));

        assertThat(policy.seccomp().rules())
                .filteredOn(rule -> rule.names().contains("socket"))
                .extracting(rule -> rule.conditions().getFirst().value())
                .containsExactly(1L, 2L);
        assertThat(policy.seccomp().allows("mmap"))
                .as("not with W and X together")
                .isFalse();
        assertThat(learn(call("mmap", 7)).seccomp().rules())
                .filteredOn(rule -> rule.names().contains("mmap"))
                .as("said in so many words, or the default filters would be merged in")
                .allMatch(rule -> rule.conditions().size() == 1)
                .anyMatch(rule -> rule.conditions().getFirst().expected() == 6);
    }

    @Test
    void guardedFilesAreNamedOneByOneHoweverMany() throws IOException {
        var lines = new java.util.ArrayList<>(List.of(call("openat", 0)));
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
        assertThat(policy.notes()).anyMatch(note -> note.startsWith("/usr/lib: read of everything below it; 30 files"));
    }

    @Test
    void writableMountsAreOneRuleAndReadOnlyFilesNeverWritable() throws IOException {
        file("/usr/share/x", "x");
        LearntPolicy policy = learn(
                call("openat", 0),
                path("openat", "/data/a/../b", 0x41),
                path("unlink", "/data/old", 0),
                path("openat", "/usr/share/x", 2),
                path("openat", "/usr/share/missing", 0));

        assertThat(accessOf(policy, "/data")).containsExactlyInAnyOrder(Access.WRITE, Access.CREATE, Access.REMOVE);
        assertThat(accessOf(policy, "/usr/share/x")).containsExactly(Access.READ);
        assertThat(policy.landlock().rules()).hasSize(2);
    }

    @Test
    void aScriptNeedsItsInterpreter() throws IOException {
        file("/bin/run", "#!/bin/interpreter -x\n");
        file("/bin/interpreter", "no elf");

        LearntPolicy policy = learn(call("execve", 0), path("execve", "/bin/run", 0));

        assertThat(accessOf(policy, "/bin/interpreter")).containsExactlyInAnyOrder(Access.READ, Access.EXECUTE);
    }

    @Test
    void portsDestinationsAndTheirCapabilityAreLearnt() throws IOException {
        LearntPolicy policy =
                learn(call("bind", 0), address("bind", "0.0.0.0", 80), address("connect", "10.0.0.1", 5432));

        assertThat(policy.landlock().bind().orElseThrow().getFirst().number()).isEqualTo(80);
        assertThat(policy.landlock().connect().orElseThrow().getFirst().number())
                .isEqualTo(5432);
        assertThat(policy.capabilities()).containsExactly(Capability.NET_BIND_SERVICE);
        assertThat(policy.destinations()).containsExactly("10.0.0.1:5432");
    }

    @Test
    void aLineThatWasCutShortIsLeftOut() throws IOException {
        assertThat(learn(call("read", 0), "{\"number\":1,\"path\":\"/et")
                        .seccomp()
                        .allows("read"))
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
    void aFleetFileIsChangedInItsOwnLinesOnly() {
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
    void aServiceThatIsNotInLinesOfItsOwnIsLeftToItsOwner() {
        assertThatThrownBy(() -> FleetPatch.of(
                        "f.yaml", "services: {web: {command: [x]}}", "web", Map.of("seccomp", "seccomp: x"), List.of()))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessageContaining("seccomp: x");
    }
}
