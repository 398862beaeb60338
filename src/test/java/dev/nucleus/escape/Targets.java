package dev.nucleus.escape;

import dev.nucleus.rootfs.RootfsAttestation;
import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.OrdinaryUser;
import dev.nucleus.support.Remains;
import dev.nucleus.support.Requires;
import dev.nucleus.support.TestManager;
import dev.nucleus.support.TestRootfs;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * The managers that exploits are aimed at: root's, and an ordinary user's, which is started on first use. Tests use
 * them through the client, as operators do; the state directory of each contains a marker that no container may reach.
 */
final class Targets implements AutoCloseable {

    /** The program that reports what it can reach: native/escape/witness.c. */
    static final String WITNESS = "/usr/bin/witness";
    /** Its exit code if it could reach something of the host. */
    static final int OUTSIDE = 42;

    static final String MARKER = "marker-of-the-host";

    private static final Path NATIVE = Path.of("target/native").toAbsolutePath();
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private final Path directory;
    private final Path rootfs;
    private final TestManager root;
    private Optional<OrdinaryUser> ordinary = Optional.empty();

    /** The exit code and output of a command. */
    record Result(int code, String out, String err) {

        String text() {
            return out + err;
        }
    }

    private Targets(Path directory, Path rootfs, TestManager root) {
        this.directory = directory;
        this.rootfs = rootfs;
        this.root = root;
    }

    static Targets start(String... settings) throws IOException, InterruptedException {
        Requires.root();
        Path directory = Files.createTempDirectory("nucleus-targets-");
        Files.setAttribute(directory, "unix:mode", 0755);
        Path rootfs = TestRootfs.build(
                directory.resolve("rootfs"),
                "/bin/sh",
                "/bin/cat",
                "/bin/ls",
                "/bin/mv",
                "/bin/ln",
                "/bin/cp",
                "/bin/sleep",
                "/bin/chmod",
                "/usr/bin/touch");
        install("witness", rootfs);
        RootfsAttestation.attest(rootfs);
        var targets = new Targets(directory, rootfs, TestManager.startWith(List.of(settings)));
        Files.writeString(targets.state(Confinement.AGENT).resolve(MARKER), "the host's");
        return targets;
    }

    /** Builds a program of native/escape and copies it into a root filesystem, which is to be attested afterwards. */
    static void install(String program, Path rootfs) throws IOException, InterruptedException {
        Files.copy(build(program), rootfs.resolve("usr/bin").resolve(program));
    }

    /** Builds a program of native/escape. */
    static Path build(String program) throws IOException, InterruptedException {
        Path built = NATIVE.resolve(program);
        int code = new ProcessBuilder("make", "-s", "-C", "native", "OUT=" + NATIVE, built.toString())
                .inheritIO()
                .start()
                .waitFor();
        if (code != 0) {
            throw new IOException("make " + built + " ended with exit code " + code);
        }
        return built;
    }

    /** The attested root filesystem, with {@link #WITNESS} and a few of the host's programs. */
    Path rootfs() {
        return rootfs;
    }

    TestManager root() {
        return root;
    }

    private OrdinaryUser ordinary() {
        if (ordinary.isEmpty()) {
            try {
                OrdinaryUser user = OrdinaryUser.start(false);
                ordinary = Optional.of(user);
                chown(Files.writeString(user.state().resolve(MARKER), "the host's"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return ordinary.get();
    }

    /** The state directory of the confinement's manager. */
    Path state(Confinement confinement) {
        return confinement.isRootless() ? ordinary().state() : root.state();
    }

    /** The command socket of the confinement's manager. */
    Path socket(Confinement confinement) {
        return confinement.isRootless() ? ordinary().socket() : root.socket();
    }

    /** The path of the command socket, relative to the parent of the state and run directories. */
    String relativeSocket(Confinement confinement) {
        return confinement.isRootless() ? "run/nucleus/nucleus.sock" : "run/nucleus.sock";
    }

    /** A new directory that every container may write to and that belongs to the manager's user. */
    Path volume(Confinement confinement) {
        try {
            Path volume = Files.createTempDirectory(directory, "volume-");
            Files.setAttribute(volume, "unix:mode", 0777);
            return confinement.isRootless() ? chown(volume) : volume;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path chown(Path path) throws IOException {
        Files.setAttribute(path, "unix:uid", OrdinaryUser.ID, LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(path, "unix:gid", OrdinaryUser.ID, LinkOption.NOFOLLOW_LINKS);
        return path;
    }

    /** Runs a command in a container, with the options after those of the confinement. */
    Result run(Confinement confinement, List<String> options, String... command) {
        return confined(confinement, "run", options, command);
    }

    /** Like {@link #run}, for {@code run} or {@code create}. */
    Result confined(Confinement confinement, String verb, List<String> options, String... command) {
        var words = new ArrayList<>(List.of(verb));
        words.addAll(confinement.options(rootfs));
        words.addAll(options);
        words.add("--");
        words.addAll(List.of(command));
        return nucleus(confinement, words.toArray(String[]::new));
    }

    /** Starts a detached container and returns its ID. */
    String launch(Confinement confinement, List<String> options, String... command) {
        var detached = new ArrayList<>(List.of("-d"));
        detached.addAll(options);
        Result result = run(confinement, detached, command);
        if (result.code() != 0) {
            throw new IllegalStateException("can't launch " + List.of(command) + ": " + result.text());
        }
        return result.out().strip();
    }

    /** Runs any command of the client; one that hangs fails the test. */
    Result nucleus(Confinement confinement, String... arguments) {
        List<String> client = confinement.isRootless()
                ? ordinary().client()
                : List.of(
                        ManagerProcess.CLIENT.toString(),
                        "--socket",
                        root.socket().toString());
        var command = new ArrayList<>(client);
        command.addAll(List.of(arguments));
        return finish(command, TIMEOUT);
    }

    /** Runs a program on the host until it exits; one that exceeds the time limit is killed and fails the test. */
    static Result finish(List<String> command, Duration patience) {
        try {
            Process process = new ProcessBuilder(command)
                    .directory(Path.of("/").toFile())
                    .redirectInput(Path.of("/dev/null").toFile())
                    .start();
            var out = new ByteArrayOutputStream();
            var err = new ByteArrayOutputStream();
            Thread outReader = Thread.ofVirtual().start(() -> copy(process.getInputStream(), out));
            Thread errReader = Thread.ofVirtual().start(() -> copy(process.getErrorStream(), err));
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("still running after " + patience + ": " + command);
            }
            outReader.join();
            errReader.join();
            return new Result(
                    process.exitValue(), out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static void copy(InputStream from, ByteArrayOutputStream to) {
        try (from) {
            from.transferTo(to);
        } catch (IOException e) {
            // The process was killed: its output up to then is complete.
            return;
        }
    }

    /** Waits until a container has written one of these words, and returns all of its output. */
    String awaitOutput(Confinement confinement, String id, String... words) {
        return Awaitility.await(List.of(words) + " of " + id)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(20))
                .atMost(Duration.ofSeconds(30))
                .until(
                        () -> nucleus(confinement, "logs", id).text(),
                        text -> Stream.of(words).anyMatch(text::contains));
    }

    /** Stops a container immediately and removes it. */
    void end(Confinement confinement, String id) {
        nucleus(confinement, "stop", "--grace", "0s", id);
        nucleus(confinement, "rm", id);
    }

    @Override
    public void close() {
        try (Closeable _ = () -> Remains.delete(directory);
                var _ = root) {
            ordinary.ifPresent(OrdinaryUser::close);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
