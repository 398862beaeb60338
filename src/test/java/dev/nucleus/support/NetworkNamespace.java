package dev.nucleus.support;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/**
 * A network namespace of a test's own, in which managers, clients and servers run: what they do to the network never
 * concerns the machine's own. It ends with the process that holds it.
 */
public final class NetworkNamespace implements AutoCloseable {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final Process holder;
    private final List<Process> started = new ArrayList<>();

    private NetworkNamespace(Process holder) {
        this.holder = holder;
    }

    /** A namespace with its loopback interface up. */
    public static NetworkNamespace create() {
        try {
            Process holder = new ProcessBuilder(
                            "unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && exec sleep infinity")
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            if (!"ready".equals(holder.inputReader().readLine())) {
                throw new IllegalStateException("no network namespace can be created");
            }
            return new NetworkNamespace(holder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The words that run a command within. */
    public List<String> enter() {
        return List.of("nsenter", "--net=/proc/" + holder.pid() + "/ns/net", "--");
    }

    /** The process that holds it. */
    public long pid() {
        return holder.pid();
    }

    private ProcessBuilder builder(String... command) {
        var words = new ArrayList<>(enter());
        words.addAll(Arrays.asList(command));
        return new ProcessBuilder(words);
    }

    /** Exit code and output, standard error included. */
    public record Result(int code, String output) {}

    /** Runs a command until it exits. */
    public Result run(String... command) {
        try {
            Process process = builder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            var output = new ByteArrayOutputStream();
            Thread reader = Thread.ofVirtual().start(() -> {
                try {
                    process.getInputStream().transferTo(output);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            if (!process.waitFor(TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("still running after " + TIMEOUT + ": " + List.of(command));
            }
            reader.join();
            return new Result(process.exitValue(), output.toString(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Runs a script of sh(1); the test fails unless it succeeds. */
    public String script(String text) {
        Result result = run("sh", "-ec", text);
        if (result.code() != 0) {
            throw new AssertionError(text + " ended with " + result.code() + ": " + result.output());
        }
        return result.output();
    }

    /** Starts a server and waits until it listens on the port. */
    public void serve(int port, String... command) {
        try {
            started.add(builder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Awaitility.await("a server listens on " + port)
                .atMost(TIMEOUT)
                .until(() -> script("ss -Htuln").contains(":" + port + " "));
    }

    /** The response to an HTTP request, or "failed" and curl's exit code. */
    public String http(String url) {
        Result result = run("curl", "--silent", "--globoff", "--max-time", "5", url);
        return result.code() == 0 ? result.output() : "failed " + result.code();
    }

    /** Connects two namespaces by an interface with an address in each. */
    public void connect(NetworkNamespace other, String name, String address, String otherAddress) {
        script("ip link add %s type veth peer name %s netns %d && ip addr add %s dev %s && ip link set %s up"
                .formatted(name, name, other.pid(), address, name, name));
        other.script("ip addr add %s dev %s && ip link set %s up".formatted(otherAddress, name, name));
    }

    @Override
    public void close() {
        started.forEach(process -> {
            process.destroyForcibly();
            process.onExit().join();
        });
        holder.destroyForcibly();
        holder.onExit().join();
    }
}
