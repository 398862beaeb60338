package dev.nucleus.escape;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.OrdinaryUser;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The workload controls a program's path, interpreter and loader, a directory of PATH and a path of a Landlock policy
 * if they lie in its workspace: none of them leads out through any descriptor.
 */
@Tag("isolation")
@ConcurrentEscapeTest
class ProgramPathEscapeTest {

    private static final int LAST_DESCRIPTOR = 40;
    /** Lies beside the containers' directories, and would run if it were reached. */
    private static final String OUTSIDE_PROGRAM = "program-of-the-host";

    @SharedTargets
    private static Targets targets;

    @BeforeAll
    static void placePrograms() throws Exception {
        for (Confinement confinement : List.of(Confinement.AGENT, Confinement.ROOTLESS)) {
            Path program = targets.state(confinement).resolve("containers").resolve(OUTSIDE_PROGRAM);
            Files.copy(Targets.build("witness"), program);
            Files.setAttribute(program, "unix:mode", 0755);
        }
    }

    @AfterAll
    static void removePrograms() throws IOException {
        for (Confinement confinement : List.of(Confinement.AGENT, Confinement.ROOTLESS)) {
            Files.deleteIfExists(
                    targets.state(confinement).resolve("containers").resolve(OUTSIDE_PROGRAM));
        }
    }

    /** How a file in the workspace refers to the program to run. */
    enum Form {
        LINK,
        SCRIPT,
        LOADER;

        void write(Path file, String target) throws IOException {
            Files.deleteIfExists(file);
            switch (this) {
                case LINK -> Files.createSymbolicLink(file, Path.of(target));
                case SCRIPT -> Files.writeString(file, "#!" + target + " say\n");
                case LOADER -> Files.write(file, elf(target));
            }
            if (this != LINK) {
                Files.setAttribute(file, "unix:mode", 0755);
                Files.setAttribute(file, "unix:uid", OrdinaryUser.ID);
            }
        }
    }

    /** An ELF64 file whose only contents are the name of its interpreter (elf(5)). */
    private static byte[] elf(String interpreter) {
        byte[] name = (interpreter + "\0").getBytes(StandardCharsets.US_ASCII);
        int offset = 64 + 2 * 56;
        ByteBuffer file = ByteBuffer.allocate(offset + name.length).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).position(16);
        file.putShort((short) 3)
                .putShort((short) 62)
                .putInt(1)
                .putLong(0)
                .putLong(64)
                .putLong(0)
                .putInt(0);
        file.putShort((short) 64).putShort((short) 56).putShort((short) 2);
        file.position(64);
        for (int type : new int[] {3, 2}) {
            file.putInt(type).putInt(4).putLong(offset).putLong(offset).putLong(offset);
            file.putLong(name.length).putLong(name.length).putLong(1);
        }
        file.position(offset);
        return file.put(name).array();
    }

    private static Path workspace(Confinement confinement) throws IOException {
        Path workspace = targets.volume(confinement);
        Files.setAttribute(workspace, "unix:uid", OrdinaryUser.ID);
        Files.setAttribute(workspace, "unix:gid", OrdinaryUser.ID);
        return workspace;
    }

    /** Whether the exit code is that of a command that can't be run; otherwise the program was found and started. */
    private static boolean refused(Targets.Result result) {
        return result.code() >= 125 && result.code() <= 127;
    }

    @ParameterizedTest
    @MethodSource("dev.nucleus.escape.Confinement#ofNativeRuntime")
    void noProgramOfTheHostRunsThroughADescriptor(Confinement confinement) throws IOException {
        var violations = new ArrayList<String>();
        Path workspace = workspace(confinement);
        for (String user : confinement.users()) {
            for (Form form : Form.values()) {
                for (int number = 3; number <= LAST_DESCRIPTOR; number++) {
                    String target = "/proc/self/fd/" + number + "/../" + OUTSIDE_PROGRAM;
                    form.write(workspace.resolve("program"), target);
                    var options = new ArrayList<>(List.of("--workspace", workspace + ":bind-rw:exec"));
                    if (!user.isEmpty()) {
                        options.addAll(List.of("--user", user));
                    }
                    Targets.Result result = targets.run(confinement, options, "/workspace/program", "say", "ran");
                    if (!refused(result)) {
                        violations.add(form + " " + target + " as '" + user + "': " + result);
                    }
                }
            }
        }

        assertThat(violations).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("dev.nucleus.escape.Confinement#ofNativeRuntime")
    void noDirectoryOfPathLeadsOutOfTheContainer(Confinement confinement) throws IOException {
        var violations = new ArrayList<String>();
        Path workspace = workspace(confinement);
        Path link = workspace.resolve("programs");
        for (int number = 3; number <= LAST_DESCRIPTOR; number++) {
            Files.deleteIfExists(link);
            Files.createSymbolicLink(link, Path.of("/proc/self/fd/" + number + "/.."));
            Targets.Result result = targets.run(
                    confinement,
                    List.of(
                            "--workspace",
                            workspace + ":bind-rw:exec",
                            "--user",
                            confinement.isRootless() ? "1000:1000" : "0:0",
                            "-e",
                            "PATH=/workspace/programs:/usr/bin"),
                    OUTSIDE_PROGRAM,
                    "say",
                    "ran");
            if (!refused(result)) {
                violations.add(number + ": " + result);
            }
        }

        assertThat(violations).isEmpty();
    }

    /** Otherwise the refusals above would prove nothing. */
    @ParameterizedTest
    @EnumSource(
            value = Confinement.class,
            names = {"AGENT", "ROOTLESS"})
    void aProgramInTheWorkspaceRuns(Confinement confinement) throws Exception {
        Path workspace = workspace(confinement);
        Path program = workspace.resolve("program");
        Files.copy(Targets.build("witness"), program);
        Files.setAttribute(program, "unix:mode", 0755);
        Files.setAttribute(program, "unix:uid", OrdinaryUser.ID);

        Targets.Result result = targets.run(
                confinement, List.of("--workspace", workspace + ":bind-rw:exec"), "/workspace/program", "say", "ran");

        assertThat(result.text()).isEqualTo("ran\n");
    }

    /**
     * A policy allows programs in a directory of a volume to run. The workload replaces that directory by a link to one
     * where it may write but not execute: the rule applies to the volume's directory, or to nothing.
     */
    @Test
    void aLandlockRuleForAVolumeAppliesToNothingElse() throws IOException {
        Confinement confinement = Confinement.AGENT;
        Path volume = targets.volume(confinement);
        Path policy = targets.volume(confinement).resolve("landlock.yaml");
        Files.writeString(policy, """
                rules:
                  - {path: /, access: [readdir]}
                  - {path: /usr, access: [read, execute, readdir]}
                  - {path: /bin, access: [read, execute, readdir]}
                  - {path: /lib, access: [read, execute, readdir]}
                  - {path: /lib64, access: [read, execute, readdir]}
                  - {path: /tmp, access: [read, write, create, remove, readdir]}
                  - {path: /data/programs, access: [read, execute, readdir]}
                """);
        Files.setAttribute(policy, "unix:mode", 0644);
        var options = List.of("-v", volume + ":/data", "--landlock", policy.toString());
        String attack = "cp /usr/bin/witness /tmp/copy && /tmp/copy say ran";
        for (String target : List.of("/tmp", "/proc/self/root/tmp", "/proc/1/root/tmp", "../tmp")) {
            Path link = volume.resolve("programs");
            Files.deleteIfExists(link);
            Files.createSymbolicLink(link, Path.of(target));

            Targets.Result result = targets.run(confinement, options, "/bin/sh", "-c", attack);

            assertThat(result.out()).as("%s: %s", target, result.err()).doesNotContain("ran");
        }
        Path link = volume.resolve("programs");
        Files.delete(link);
        Files.createDirectory(link);
        assertThat(targets.run(confinement, options, "/usr/bin/witness", "say", "here")
                        .text())
                .as("with a directory in the volume, the policy works")
                .isEqualTo("here\n");
    }
}
