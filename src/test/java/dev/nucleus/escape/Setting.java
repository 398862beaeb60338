package dev.nucleus.escape;

import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Runtime;
import dev.nucleus.support.Requires;
import java.util.Set;
import java.util.stream.Stream;

/** A column of the table: the mode and runtime of the container in which the attempts are made. */
enum Setting {
    AGENT(Mode.AGENT, Runtime.NATIVE),
    STRICT_AGENT(Mode.STRICT_AGENT, Runtime.NATIVE),
    PRODUCTION(Mode.PRODUCTION, Runtime.NATIVE),
    GVISOR_AGENT(Mode.AGENT, Runtime.GVISOR),
    GVISOR_PRODUCTION(Mode.PRODUCTION, Runtime.GVISOR);

    private final Mode mode;
    private final Runtime runtime;

    Setting(Mode mode, Runtime runtime) {
        this.mode = mode;
        this.runtime = runtime;
    }

    Mode mode() {
        return mode;
    }

    Runtime runtime() {
        return runtime;
    }

    /**
     * Whether success affects only gVisor's own kernel: it doesn't enforce noexec on mapped files in its own memory
     * (volumes are mapped by the host, which does), and has no huge pages to give away.
     */
    boolean concernsItsOwnKernelOnly(String attempt) {
        return runtime == Runtime.GVISOR
                && (Set.of("map /dev/shm executable", "huge pages").contains(attempt) || mapsItsOwnMemory(attempt));
    }

    private static boolean mapsItsOwnMemory(String attempt) {
        return Stream.of("/tmp", "/dev/shm", "its home", "a tmpfs")
                .anyMatch(place -> attempt.equals("start a program in " + place + " by the loader")
                        || attempt.equals("run code mapped twice from " + place));
    }

    /** Skips the test if this host lacks the runtime. */
    void require() {
        if (runtime == Runtime.GVISOR) {
            Requires.program("/usr/bin/runsc", "runsc");
        }
    }

    /** The column heading. */
    @Override
    public String toString() {
        return runtime == Runtime.GVISOR ? "gvisor/" + mode : mode.toString();
    }
}
