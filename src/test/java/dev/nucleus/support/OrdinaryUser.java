package dev.nucleus.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** An unprivileged user who runs a manager of their own: user 65534, in a directory of their own. */
public final class OrdinaryUser implements AutoCloseable {

    public static final int ID = 65_534;
    /** The first ID that /etc/subuid and /etc/subgid grant, if requested. */
    public static final int FIRST_SUBORDINATE = 300_000;

    private final Path directory;
    private final Process manager;

    private OrdinaryUser(Path directory, Process manager) {
        this.directory = directory;
        this.manager = manager;
    }

    /**
     * Starts the manager and waits until it listens.
     *
     * @param ranges whether the user has subordinate users and groups, which only this manager sees, in a mount
     *     namespace
     * @param options of the manager
     */
    public static OrdinaryUser start(boolean ranges, String... options) throws IOException {
        return start(ranges, Optional.empty(), options);
    }

    /** @param cgroup a directory of the version 2 hierarchy in which the manager starts */
    public static OrdinaryUser start(boolean ranges, Optional<Path> cgroup, String... options) throws IOException {
        Path directory = Files.createTempDirectory(
                "nucleus-rootless-",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path program = Files.createDirectories(directory.resolve("program"));
        Files.copy(Path.of("target/nucleus.jar"), program.resolve("nucleus.jar"));
        Files.copy(ManagerProcess.CLIENT, program.resolve("nucleus"));
        Files.writeString(directory.resolve("ranges"), "nobody:" + FIRST_SUBORDINATE + ":65536\n");
        setOwner(directory);
        var command = new ArrayList<String>();
        if (ranges) {
            command.addAll(List.of(
                    "unshare",
                    "--mount",
                    "--propagation",
                    "private",
                    "sh",
                    "-c",
                    "for f in subuid subgid; do touch /etc/$f; mount --bind \"$0\" /etc/$f; done; exec \"$@\"",
                    directory.resolve("ranges").toString()));
        }
        cgroup.ifPresent(path ->
                command.addAll(List.of("sh", "-c", "echo $$ > \"$0\"/cgroup.procs; exec \"$@\"", path.toString())));
        command.addAll(as(
                "env",
                "HOME=" + directory,
                "XDG_STATE_HOME=" + directory.resolve("state"),
                "XDG_RUNTIME_DIR=" + directory.resolve("run"),
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                // The least compilation, for machines where every instruction is emulated.
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-jar",
                program.resolve("nucleus.jar").toString(),
                "--server.port=0"));
        command.addAll(List.of(options));
        Process manager = new ProcessBuilder(command)
                .directory(Path.of("/").toFile())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("log").toFile())
                .start();
        var user = new OrdinaryUser(directory, manager);
        boolean listens = false;
        try {
            Awaitility.await("the manager listens")
                    .atMost(cgroup.isPresent() ? Duration.ofMinutes(4) : Duration.ofMinutes(2))
                    .until(() -> Files.exists(user.socket()) || !manager.isAlive());
            listens = manager.isAlive();
        } finally {
            // The caller can't close a manager that did not start in time.
            if (!listens) {
                manager.destroyForcibly();
            }
        }
        assertThat(listens).as(Files.readString(directory.resolve("log"))).isTrue();
        return user;
    }

    /** The command socket of their manager. */
    public Path socket() {
        return directory.resolve("run/nucleus/nucleus.sock");
    }

    /** The state directory of their manager. */
    public Path state() {
        return directory.resolve("state/nucleus");
    }

    /** The command line of this user's client; arguments follow. */
    public List<String> client() {
        return as(directory.resolve("program/nucleus").toString(), "--socket", socket().toString());
    }

    /** Their home directory. */
    public Path directory() {
        return directory;
    }

    public String nucleus(String... arguments) {
        var command = new ArrayList<>(client());
        command.addAll(List.of(arguments));
        try {
            Process client = new ProcessBuilder(command)
                    .directory(Path.of("/").toFile())
                    .redirectErrorStream(true)
                    .start();
            client.getOutputStream().close();
            String output = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(client.waitFor()).as("%s%n%s", command, output).isZero();
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static void setOwner(Path tree) throws IOException {
        try (var files = Files.walk(tree)) {
            for (Path file : files.toList()) {
                Files.setAttribute(file, "unix:uid", ID);
                Files.setAttribute(file, "unix:gid", ID);
            }
        }
    }

    private static List<String> as(String... command) {
        var whole = new ArrayList<>(List.of("setpriv", "--reuid=" + ID, "--regid=" + ID, "--clear-groups"));
        whole.addAll(List.of(command));
        return whole;
    }

    @Override
    public void close() {
        try {
            for (String id : nucleus("ps", "-q").lines().toList()) {
                nucleus("stop", "--grace", "0s", id);
            }
            manager.destroy();
            assertThat(manager.waitFor(20, TimeUnit.SECONDS)).isTrue();
            Remains.delete(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
