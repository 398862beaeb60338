package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerState;
import dev.nucleus.container.Containers;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.text.ArgumentText;
import dev.nucleus.text.FileErrors;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** Options for other supervisors: a PID file, and a socket that receives the terminal of the container. */
final class SupervisorOptions {

    private static final StopSpec KILL_IMMEDIATELY = new StopSpec(Signal.KILL, Duration.ZERO);

    @CommandLine.Option(
            names = "--pid-file",
            paramLabel = "FILE",
            description = "file to write the host PID of the first process to")
    private @Nullable Path pidFile;

    @CommandLine.Option(
            names = "--console-socket",
            paramLabel = "PATH",
            description = "unix socket to pass the terminal to; its output is not logged then")
    private @Nullable Path consoleSocket;

    /**
     * @param terminal whether there is a terminal without an attached client
     * @throws InvalidSpecException when a console socket is given without such a terminal
     */
    void check(boolean terminal) {
        if (consoleSocket != null && !terminal) {
            throw new InvalidSpecException(
                    "--console-socket needs a terminal without an attached client: create -t, or run -d -t");
        }
    }

    Optional<String> consoleSocket(Session session) {
        return Optional.ofNullable(consoleSocket)
                .map(path -> session.resolve(path).toString());
    }

    /**
     * Writes the PID file atomically: a process that waits for the file never reads a partial number.
     *
     * @throws InvalidSpecException when the file can't be written; the container is removed then
     */
    void writePid(Session session, Containers containers, Container container) {
        if (pidFile == null) {
            return;
        }
        Path file = ArgumentText.file(session.resolve(pidFile));
        Path fresh = file.resolveSibling(file.getFileName() + "." + container.id());
        int pid = container.state() instanceof ContainerState.Created created
                ? created.pid()
                : container.whileRunning().map(ContainerState.Running::pid).orElse(0);
        try {
            if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
                throw new FileSystemException(file.toString(), null, "it is a directory");
            }
            Files.writeString(fresh, pid + "\n", StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            deleteDraft(fresh, e);
            if (!container.record().attached()) {
                containers.stop(container, KILL_IMMEDIATELY);
                containers.remove(container);
            }
            throw new InvalidSpecException("--pid-file: can't write " + file + ": "
                    + (e instanceof NoSuchFileException ? "its directory does not exist" : FileErrors.reason(e)));
        }
    }

    private static void deleteDraft(Path draft, IOException why) {
        try {
            Files.deleteIfExists(draft);
        } catch (IOException left) {
            why.addSuppressed(left);
        }
    }
}
