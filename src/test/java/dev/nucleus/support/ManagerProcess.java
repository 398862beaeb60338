package dev.nucleus.support;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** A manager as its users start it, {@code java -jar nucleus.jar}, which can be killed and restarted. */
public final class ManagerProcess implements AutoCloseable {

    /** The client that the build made. */
    public static final Path CLIENT = Path.of("target/native/nucleus").toAbsolutePath();

    /** Shared: creating one for each request would take processor time from the manager. */
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final Path directory;
    private final List<String> words;
    private final Optional<NetworkNamespace> network;
    private final int port;
    private Process process;

    /** A manager that starts quickly. */
    public ManagerProcess(Path directory) {
        this(directory, List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    }

    /**
     * @param directory holds state, run directory, log, and the fleet file {@code fleet.yaml} if there is one
     * @param options of the JVM
     */
    public ManagerProcess(Path directory, List<String> options) {
        this(words(options), directory);
    }

    /** A manager started by the script that the build prepared. */
    public static ManagerProcess byScript(Path directory) {
        return new ManagerProcess(
                List.of(Path.of("target/nucleus.prepared/start")
                        .toAbsolutePath()
                        .toString()),
                directory);
    }

    /** A manager that is started from another jar. */
    public static ManagerProcess ofJar(Path directory, Path jar) {
        return new ManagerProcess(List.of(java(), "-jar", jar.toString()), directory);
    }

    /** A manager in a network namespace; its client reaches it from anywhere. */
    public static ManagerProcess in(NetworkNamespace network, Path directory, String... settings) {
        var words = new ArrayList<>(network.enter());
        words.addAll(words(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")));
        words.addAll(List.of(settings));
        return new ManagerProcess(words, directory, Optional.of(network));
    }

    private ManagerProcess(List<String> words, Path directory) {
        this(words, directory, Optional.empty());
    }

    private ManagerProcess(List<String> words, Path directory, Optional<NetworkNamespace> network) {
        this.words = words;
        this.directory = directory;
        this.network = network;
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        process = begin();
    }

    private static List<String> words(List<String> options) {
        var words = new ArrayList<String>();
        words.add(java());
        words.addAll(options);
        words.addAll(program());
        return words;
    }

    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    private Process begin() {
        var command = new ArrayList<>(words);
        command.addAll(List.of(
                "--nucleus.state-dir=" + directory.resolve("state"),
                "--nucleus.run-dir=" + directory.resolve("run"),
                "--server.port=" + port));
        if (Files.exists(directory.resolve("fleet.yaml"))) {
            command.add("--nucleus.fleets=" + directory.resolve("fleet.yaml"));
        }
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(
                            directory.resolve("log").toFile()))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The program's arguments: the jar, another with {@code -Dnucleus.jar}, or an IDE's classes with
     * {@code -Dnucleus.classpath}.
     */
    public static List<String> program() {
        String classpath = System.getProperty("nucleus.classpath", "");
        String jar = Path.of(System.getProperty("nucleus.jar", "target/nucleus.jar"))
                .toAbsolutePath()
                .toString();
        return classpath.isEmpty()
                ? List.of("-jar", jar)
                : List.of("--enable-native-access=ALL-UNNAMED", "-cp", classpath, "dev.nucleus.NucleusApplication");
    }

    public Process process() {
        return process;
    }

    public Path directory() {
        return directory;
    }

    /** The port of its HTTP server, on 127.0.0.1. */
    public int port() {
        return port;
    }

    public Path socket() {
        return directory.resolve("run/nucleus.sock");
    }

    public String log() {
        try {
            return Files.readString(directory.resolve("log"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public ManagerProcess awaitReady() {
        return awaitReady(Duration.ofSeconds(60));
    }

    /**
     * Waits until the manager is ready and kills it otherwise: callers chain this to the constructor, so they can't.
     *
     * @param patience for a slow machine
     */
    public ManagerProcess awaitReady(Duration patience) {
        try {
            Awaitility.await("the manager is ready; its log: " + directory.resolve("log"))
                    .pollInterval(Duration.ofMillis(25))
                    .atMost(patience)
                    .until(() -> status("/actuator/health/readiness") == 200 || !process.isAlive());
            if (!process.isAlive()) {
                throw new IllegalStateException("the manager exited:\n" + log());
            }
        } catch (RuntimeException e) {
            kill();
            throw e;
        }
        return this;
    }

    /**
     * Waits until a fleet, or one of its groups, returns 200: the manager itself is ready before its containers are.
     */
    public ManagerProcess awaitUp(String group) {
        Awaitility.await(group + " is up; the manager's log: " + directory.resolve("log"))
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(25))
                .atMost(Duration.ofSeconds(30))
                .until(() -> status("/actuator/health/" + group) == 200);
        return this;
    }

    /** The HTTP status of a path; 0 if there is no response. */
    public int status(String path) {
        if (network.isPresent()) {
            String code = network.get()
                    .run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:" + port + path)
                    .output();
            return Integer.parseInt(code);
        }
        try {
            return get(path).statusCode();
        } catch (IOException e) {
            return 0;
        }
    }

    public HttpResponse<String> get(String path) throws IOException {
        try {
            return HTTP.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                            .timeout(Duration.ofSeconds(10))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Kills the manager, as the OOM killer of the machine would. */
    public void kill() {
        process.destroyForcibly();
        process.onExit().join();
    }

    public ManagerProcess restart() {
        process = begin();
        return this;
    }

    /** Output and exit code of a client's command. */
    public record Result(int code, String out, String err) {}

    public Result nucleus(String... arguments) {
        return finish(start(arguments));
    }

    /** Starts a client and lets it run. */
    public Process start(String... arguments) {
        var command = new ArrayList<>(List.of(CLIENT.toString(), "--socket", socket().toString()));
        command.addAll(Arrays.asList(arguments));
        try {
            return new ProcessBuilder(command).directory(directory.toFile()).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static Result finish(Process client) {
        try {
            client.getOutputStream().close();
            var err = new ByteArrayOutputStream();
            Thread reader = Thread.ofVirtual().start(() -> {
                try {
                    client.getErrorStream().transferTo(err);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            String out = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            reader.join();
            if (!client.waitFor(30, TimeUnit.SECONDS)) {
                client.destroyForcibly();
                throw new IllegalStateException("the client does not exit");
            }
            return new Result(client.exitValue(), out, err.toString(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Stops every container, then the manager. */
    @Override
    public void close() {
        if (!process.isAlive()) {
            restart().awaitReady();
        }
        List<String> ids = nucleus("ps", "-aq").out().lines().toList();
        if (!ids.isEmpty()) {
            var stop = new ArrayList<>(List.of("stop", "--grace", "0s"));
            stop.addAll(ids);
            nucleus(stop.toArray(String[]::new));
        }
        process.destroy();
        process.onExit().join();
        Remains.awaitNone(ids);
    }
}
