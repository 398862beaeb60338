package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.Remains;
import dev.nucleus.support.Requires;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The manager of an ordinary user: no root anywhere, all containers in user namespaces. */
@Tag("isolation")
class RootlessTest {

    @Test
    void anOrdinaryUserRunsContainersToo() throws Exception {
        Requires.root();
        Requires.program("/usr/bin/setpriv", "util-linux");
        Path directory = Files.createTempDirectory(
                Path.of("/var/tmp"),
                "nucleus-rootless-",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path program = directory.resolve("program");
        copyProgram(program);
        setOwner(directory, 65534);
        Process manager = as(
                        "env",
                        "HOME=" + directory,
                        "XDG_STATE_HOME=" + directory.resolve("state"),
                        "XDG_RUNTIME_DIR=" + directory.resolve("run"),
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-jar",
                        program.resolve("nucleus.jar").toString(),
                        "--server.port=0")
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("log").toFile())
                .start();
        try {
            Path socket = directory.resolve("run/nucleus/nucleus.sock");
            Awaitility.await("the manager listens").until(() -> Files.exists(socket) || !manager.isAlive());
            assertThat(manager.isAlive())
                    .as(Files.readString(directory.resolve("log")))
                    .isTrue();

            String status = nucleus(program, socket, "run", "--", "cat", "/proc/self/status");
            assertThat(status)
                    .containsPattern("CapEff:\\s0000000000000000\n")
                    .containsPattern("CapBnd:\\s0000000000000000\n")
                    .containsPattern("NoNewPrivs:\\s1\n")
                    .containsPattern("Seccomp:\\s2\n");
            assertThat(nucleus(program, socket, "run", "--", "readlink", "/proc/self/ns/user")
                            .strip())
                    .isNotEqualTo(Files.readSymbolicLink(Path.of("/proc/self/ns/user"))
                            .toString());
            assertThat(nucleus(
                            program,
                            socket,
                            "run",
                            "--",
                            "sh",
                            "-c",
                            "echo x > /tmp/x; cat /tmp/x; echo > /dev/null; cat /etc/shadow 2>&1 | tail -1"))
                    .isEqualTo("x\ncat: /etc/shadow: No such file or directory\n");
            String id =
                    nucleus(program, socket, "run", "-d", "--", "sleep", "1000").strip();
            assertThat(nucleus(program, socket, "exec", id, "--", "sh", "-c", "cat /proc/self/status | grep CapEff"))
                    .contains("0000000000000000");
            assertThat(nucleus(program, socket, "exec", id, "--", "sh", "-c", "unshare -r true 2>&1 || echo refused"))
                    .endsWith("refused\n");
            String tries = nucleus(program, socket, "run", "-d", "--", "sh", "-c", "unshare -r true; sleep 1000")
                    .strip();
            Awaitility.await()
                    .untilAsserted(() -> assertThat(nucleus(program, socket, "denials", tries))
                            .contains("unshare(CLONE_NEWUSER)"));
            nucleus(program, socket, "stop", "--grace", "0s", tries);
            assertThat(nucleus(program, socket, "plan", "--", "true")).contains("rootless");
            assertThat(nucleus(program, socket, "stop", id)).isEqualTo(id + "\n");
        } finally {
            manager.destroy();
            assertThat(manager.waitFor(20, TimeUnit.SECONDS)).isTrue();
            Remains.delete(directory);
        }
    }

    private static void copyProgram(Path program) throws IOException {
        Files.createDirectories(program);
        Files.copy(Path.of("target/nucleus.jar"), program.resolve("nucleus.jar"));
        Files.copy(ManagerProcess.CLIENT, program.resolve("nucleus"));
    }

    private static void setOwner(Path tree, int uid) throws IOException {
        try (var files = Files.walk(tree)) {
            for (Path file : files.toList()) {
                Files.setAttribute(file, "unix:uid", uid);
                Files.setAttribute(file, "unix:gid", uid);
            }
        }
    }

    private static ProcessBuilder as(String... command) {
        var whole = new ArrayList<>(List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"));
        whole.addAll(List.of(command));
        return new ProcessBuilder(whole).directory(Path.of("/").toFile());
    }

    private static String nucleus(Path program, Path socket, String... arguments)
            throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(program.resolve("nucleus").toString(), "--socket", socket.toString()));
        command.addAll(List.of(arguments));
        Process client =
                as(command.toArray(String[]::new)).redirectErrorStream(true).start();
        client.getOutputStream().close();
        String output = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(client.waitFor()).as("%s%n%s", command, output).isZero();
        return output;
    }
}
