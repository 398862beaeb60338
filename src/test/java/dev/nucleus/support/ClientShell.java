package dev.nucleus.support;

import dev.nucleus.container.Container;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** The client as a shell uses it: {@code $N} in a script is the client with the manager's socket. */
public final class ClientShell {

    private static final StopSpec NOW = new StopSpec(Signal.KILL, Duration.ZERO);
    private static final Duration IN_TIME = Duration.ofSeconds(15);

    private final TestManager manager;
    private final Path directory;

    /** @param directory where scripts run */
    public ClientShell(TestManager manager, Path directory) {
        this.manager = manager;
        this.directory = directory;
    }

    public ProcessBuilder script(String script) {
        // A background build ignores SIGINT, which a shell can't reset but env(1) can.
        var builder =
                new ProcessBuilder("env", "--default-signal", "/bin/bash", "-c", script).directory(directory.toFile());
        builder.environment().put("N", ManagerProcess.CLIENT + " --socket " + manager.socket());
        return builder;
    }

    public ManagerProcess.Result run(String script) {
        try {
            return ManagerProcess.finish(script(script).start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public void remove(Container container) {
        if (!container.isStopped()) {
            manager.containers().stop(container, NOW);
        }
        manager.containers().remove(container);
    }

    /** Waits until the only container runs, and returns it. */
    public Container only() {
        return Awaitility.await()
                .atMost(IN_TIME)
                .until(
                        () -> manager.containers().all().stream()
                                .filter(Container::isRunning)
                                .findFirst(),
                        Optional::isPresent)
                .orElseThrow();
    }

    /** The /proc directories of processes with this argument, which no other test uses. */
    public static List<String> processes(String argument) {
        try (Stream<Path> all = Files.list(Path.of("/proc"))) {
            return all.filter(path -> path.getFileName().toString().matches("\\d+"))
                    .filter(path -> commandLine(path).contains("\0" + argument + "\0"))
                    .map(Path::toString)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String commandLine(Path process) {
        try {
            return Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            // It has exited.
            return "";
        }
    }
}
