package dev.nucleus.spawner;

import dev.nucleus.kernel.ProcessorShare;
import dev.nucleus.lifecycle.LifecyclePhase;
import dev.nucleus.plan.WireWriter;
import dev.nucleus.settings.InstanceLock;
import dev.nucleus.settings.NucleusProperties;
import dev.nucleus.settings.PrivateDirectories;
import dev.nucleus.shim.Request;
import dev.nucleus.shim.ShimConnection;
import dev.nucleus.shim.ShimMessage;
import dev.nucleus.spec.Signal;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * The spawner process: started with the manager, restarted when it dies, and stopped with the manager. Running
 * containers don't depend on it.
 */
@Component
public final class Spawner implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(Spawner.class);
    private static final int LEAVING_ATTEMPTS = 200;
    private static final long LEAVING_PAUSE_NANOS = 5_000_000;
    private static final int BUSY_ATTEMPTS = 50;
    private static final long BUSY_PAUSE_NANOS = 10_000_000;
    private static final Duration SHORT_LIFE = Duration.ofSeconds(1);
    /** Time allowed for a forced stop beyond the grace period: more than the timeouts in forced_stop.c together (9 s). */
    private static final Duration FORCED_STOP = Duration.ofSeconds(15);

    private static final String RESOURCE = "/native/linux-x86_64/nucleus-spawner";

    @SuppressWarnings("UnusedVariable") // keeps the order of the beans
    private final InstanceLock lock;

    private final Path state;
    private final Path socket;
    private final boolean external;
    /** Guards {@code process}. */
    private final ReentrantLock starting = new ReentrantLock();

    private @Nullable Process process;
    private volatile boolean wanted;

    /** @param lock taken before a spawner is started in the run directory */
    Spawner(NucleusProperties properties, InstanceLock lock) {
        this.lock = lock;
        this.state = properties.state();
        this.socket = properties.externalSpawner().orElse(properties.run().resolve("spawner.sock"));
        this.external = properties.externalSpawner().isPresent();
    }

    /**
     * Reserves a shim, which gets ready while its plan is made. It waits for {@link
     * ShimConnection#launch} for a few seconds, and exits when the connection is closed.
     */
    public ShimConnection reserve() throws IOException {
        try {
            return ShimConnection.connect(socket);
        } catch (IOException e) {
            if (external) {
                throw new IOException("no spawner answers at " + socket + ": " + e.getMessage(), e);
            }
            log.warn("the spawner does not answer ({}); starting another", e.getMessage());
            ensureRunning();
            return ShimConnection.connect(socket);
        }
    }

    /**
     * Stops a container whose shim does not answer, by another process and without the shim's help: sends the signal
     * now, and SIGKILL after the grace period. Returns when the container has stopped.
     *
     * @param pid the PID of its PID 1, which with the start ticks identifies the process uniquely
     * @param silent whether the shim failed to answer; if so, it may be killed before PID 1 has exited, if PID 1 can't
     *     exit otherwise
     * @throws IOException when it could not be stopped
     */
    public void forceStop(String id, int pid, long startTicks, Signal signal, Duration grace, boolean silent)
            throws IOException {
        try (ShimConnection connection = ShimConnection.connect(socket, grace.plus(FORCED_STOP))) {
            connection.send(
                    Request.FORCE_STOP,
                    new WireWriter(128)
                            .u32(pid)
                            .u64(startTicks)
                            .u32(signal.number())
                            .millis(grace)
                            .bool(silent)
                            .string(id)
                            .finish());
            switch (connection.receive().orElseThrow(() -> new IOException("the spawner closed the connection"))) {
                case ShimMessage.Ok() -> {}
                case ShimMessage.Error error -> throw error.failure();
                default -> throw new IOException("unexpected answer from the spawner");
            }
        }
    }

    /** The spawner's process, if this manager started one. */
    public Optional<ProcessHandle> process() {
        starting.lock();
        try {
            return Optional.ofNullable(process).map(Process::toHandle);
        } finally {
            starting.unlock();
        }
    }

    private void ensureRunning() throws IOException {
        starting.lock();
        try {
            if (process == null || !process.isAlive() || !answers()) {
                process = startProcessAfterOthers();
            }
        } finally {
            starting.unlock();
        }
    }

    private boolean answers() {
        try (ShimConnection _ = ShimConnection.connect(socket)) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Starts the spawner, once the spawner of a manager that was just killed has had time to exit. */
    private Process startProcessAfterOthers() throws IOException {
        for (int attempt = 0; attempt < LEAVING_ATTEMPTS && process == null && answers(); attempt++) {
            LockSupport.parkNanos(LEAVING_PAUSE_NANOS);
        }
        return startProcess();
    }

    private Process startProcess() throws IOException {
        PrivateDirectories.create(Optional.ofNullable(socket.getParent()).orElseThrow());
        var builder = new ProcessBuilder(binary().toString(), "--socket", socket.toString(), "--follow-stdin")
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().clear();
        // Otherwise the containers would run in the manager's share of the processors.
        Process started = ProcessorShare.outside(() -> startFresh(builder));
        var output = new BufferedReader(new InputStreamReader(started.getInputStream(), StandardCharsets.UTF_8));
        if (!"ready".equals(output.readLine())) {
            started.destroyForcibly();
            throw new IOException("the spawner could not listen on " + socket + "; its error message is above");
        }
        log.info("spawner started, pid {}", started.pid());
        Thread.ofVirtual().name("spawner-watch").start(() -> watch(started));
        return started;
    }

    /**
     * Starts a program whose file was just written. A process that another thread forked meanwhile has it open for
     * writing until its own exec, and the kernel refuses to execute it until then (execve(2), ETXTBSY).
     */
    static Process startFresh(ProcessBuilder builder) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                return builder.start();
            } catch (IOException e) {
                if (attempt == BUSY_ATTEMPTS || !String.valueOf(e.getMessage()).contains("Text file busy")) {
                    throw e;
                }
                LockSupport.parkNanos(BUSY_PAUSE_NANOS);
            }
        }
    }

    /** Restarts a spawner that died; after a pause, if it died soon after its start. */
    @SuppressWarnings("ReferenceEquality") // Another process may have taken its place.
    private void watch(Process watched) {
        Instant since = Instant.now();
        try {
            int code = watched.waitFor();
            if (wanted && Duration.between(since, Instant.now()).compareTo(SHORT_LIFE) < 0) {
                Thread.sleep(SHORT_LIFE);
            }
            starting.lock();
            try {
                if (wanted && process == watched) {
                    log.warn("the spawner died (exit code {}); starting another", code);
                    process = startProcess();
                }
            } finally {
                starting.unlock();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            log.error("no spawner could be started, so nothing can be launched: {}", e.getMessage());
        }
    }

    /** Unpacks the program from the jar; not to the run directory, which is often mounted noexec. */
    private Path binary() throws IOException {
        Path target = PrivateDirectories.create(PrivateDirectories.create(state).resolve("bin"))
                .resolve("nucleus-spawner");
        try (InputStream packed = Spawner.class.getResourceAsStream(RESOURCE)) {
            if (packed == null) {
                throw new IOException("this build has no native part: run ./mvnw package on a host with a C compiler");
            }
            Path fresh = Files.createTempFile(target.getParent(), "spawner", ".new");
            Files.copy(packed, fresh, StandardCopyOption.REPLACE_EXISTING);
            Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rwx------"));
            Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        }
        return target;
    }

    @Override
    public void start() {
        if (external) {
            return;
        }
        wanted = true;
        try {
            ensureRunning();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void stop() {
        wanted = false;
        Process ending = detach();
        if (ending != null) {
            ending.destroy();
            // Not under the lock, which the thread that watches the process takes when it ends.
            ending.onExit().join();
        }
    }

    private @Nullable Process detach() {
        starting.lock();
        try {
            Process detached = process;
            process = null;
            return detached;
        } finally {
            starting.unlock();
        }
    }

    @Override
    public boolean isRunning() {
        return external || process().map(ProcessHandle::isAlive).orElse(false);
    }

    /** Starts before everything that launches containers, and stops after everything that stops them. */
    @Override
    public int getPhase() {
        return LifecyclePhase.SPAWNER.phase();
    }
}
