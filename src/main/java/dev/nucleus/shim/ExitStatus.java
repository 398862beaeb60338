package dev.nucleus.shim;

import dev.nucleus.spec.Signal;
import java.util.Optional;

/**
 * How a process ended.
 *
 * @param code its exit code; 128 plus the signal's number if a signal killed it
 * @param outOfMemory whether the kernel killed it, or another process of its cgroup, at the memory limit
 */
public record ExitStatus(int code, Optional<Signal> signal, boolean outOfMemory) {

    private static final int SIGNALLED = 128;
    private static final int SIGNAL_MASK = 0x7f;

    /** Decodes a status of wait(2). */
    public static ExitStatus ofWaitStatus(int status) {
        return ofWaitStatus(status, false);
    }

    static ExitStatus ofWaitStatus(int status, boolean outOfMemory) {
        int signal = status & SIGNAL_MASK;
        return signal == 0
                ? new ExitStatus(status >> 8 & 0xff, Optional.empty(), outOfMemory)
                : new ExitStatus(SIGNALLED + signal, Optional.of(new Signal(signal)), outOfMemory);
    }

    @Override
    public String toString() {
        return signal.map(number -> "killed by " + number).orElse("exit code " + code)
                + (outOfMemory ? ", out of memory" : "");
    }
}
