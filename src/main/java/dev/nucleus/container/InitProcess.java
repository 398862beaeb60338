package dev.nucleus.container;

import dev.nucleus.kernel.Processes;
import dev.nucleus.spec.Durations;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * A container's PID 1 as seen from the host. The container runs for as long as this process exists, with or without its
 * shim.
 *
 * @param startTicks start time in clock ticks since boot; identifies the process together with the PID, even if the PID
 *     is reused
 * @see <a href="https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html">proc_pid_stat(5)</a>
 */
record InitProcess(int pid, long startTicks) {

    /** Fields of /proc/PID/stat, counted from the one after the name. */
    private static final int STATE = 0;

    private static final int THREADS = 17;
    private static final int START_TICKS = 19;

    /** Polling interval: there is no notification of the exit of a process that isn't our child. */
    private static final Duration PAUSE = Duration.ofMillis(50);

    /** As reported by its shim; empty if the shim has not reported it yet, or the container has ended. */
    static Optional<InitProcess> of(Container container) {
        return switch (container.state()) {
            case ContainerState.Created created -> Optional.of(new InitProcess(created.pid(), created.startTicks()));
            case ContainerState.Running running -> Optional.of(new InitProcess(running.pid(), running.startTicks()));
            case ContainerState.Creating _, ContainerState.CopyingBack _, ContainerState.Stopped _ -> Optional.empty();
        };
    }

    /** The process that has this PID now; empty when there is none. */
    static Optional<InitProcess> of(int pid) {
        try {
            return Optional.of(new InitProcess(pid, Long.parseLong(stat(pid)[START_TICKS])));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** The fields of /proc/PID/stat after the name, which is in parentheses and may hold anything. */
    private static String[] stat(int pid) throws IOException {
        String stat = Files.readString(Path.of("/proc", Integer.toString(pid), "stat"), StandardCharsets.ISO_8859_1);
        return stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    }

    /** Whether it exists. A failure to read /proc, for example without a free descriptor, is no sign of an exit. */
    boolean lives() {
        try {
            String[] fields = stat(pid);
            return Long.parseLong(fields[START_TICKS]) == startTicks && !hasExited(fields);
        } catch (IOException e) {
            // It has exited, there is no free descriptor, or /proc hides it (proc(5), hidepid).
            return Processes.exists(pid);
        }
    }

    /** Whether only the zombie is left. While other threads run, an exited thread group leader is a zombie too. */
    private static boolean hasExited(String[] fields) {
        return (fields[STATE].equals("Z") || fields[STATE].equals("X")) && Integer.parseInt(fields[THREADS]) <= 1;
    }

    /** Whether it exits within {@code patience}. */
    boolean endsWithin(Duration patience) throws InterruptedException {
        long until = System.nanoTime() + Durations.nanos(patience);
        while (lives()) {
            if (System.nanoTime() >= until) {
                return false;
            }
            Thread.sleep(PAUSE);
        }
        return true;
    }
}
