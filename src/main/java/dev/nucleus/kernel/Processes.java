package dev.nucleus.kernel;

/** Checks on processes by PID alone, without /proc or a descriptor. */
public final class Processes {

    private static final int ESRCH = 3;

    private Processes() {}

    /**
     * Whether there is a process with that PID, including a zombie.
     *
     * @see <a href="https://man7.org/linux/man-pages/man2/kill.2.html">kill(2), signal 0</a>
     */
    public static boolean exists(int pid) {
        return Libc.INSTANCE.kill(pid, 0) == 0 || SystemCall.errno() != ESRCH;
    }
}
