package dev.nucleus.shim;

import dev.nucleus.failure.NucleusException;
import dev.nucleus.plan.LaunchStep;
import dev.nucleus.text.VisibleText;

/** A failed launch: its step, the system's error, and what to do about it. Nothing of the launch is left behind. */
public final class LaunchException extends NucleusException {

    private static final long serialVersionUID = 1L;

    /** Beginning of the detail if the working directory can't be entered (native/src/launch/confine.c). */
    private static final String WORKING_DIRECTORY = "enter the working directory";

    private static final int NOT_EXECUTABLE = 126;
    private static final int NOT_FOUND = 127;
    private static final int ENOENT = 2;

    private final LaunchStep step;
    private final int errno;
    private final boolean workingDirectory;

    public LaunchException(LaunchStep step, int errno, String detail) {
        super("launch failed at " + step.label() + " (" + step.words() + "): " + VisibleText.line(detail)
                + errorText(errno) + advice(step, errno, detail));
        this.step = step;
        this.errno = errno;
        this.workingDirectory = detail.startsWith(WORKING_DIRECTORY);
    }

    /** The system's error; empty for ECANCELED, which stands for a refusal by a program. */
    private static String errorText(int errno) {
        return Errno.isProgramRefusal(errno) ? "" : ": " + Errno.describe(errno);
    }

    public LaunchStep step() {
        return step;
    }

    public int errno() {
        return errno;
    }

    /**
     * The exit code that shells give a command which can't be run: 127 when there is no such program, 126 when it can't
     * be executed (sh(1), Exit Status); 125, as Docker and env(1) have it, when something before it failed.
     */
    @Override
    public int exitCode() {
        // The program is not looked for once the working directory can't be entered.
        if (step != LaunchStep.EXEC || workingDirectory) {
            return REFUSED;
        }
        return errno == ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
    }

    private static String advice(LaunchStep step, int errno, String detail) {
        String advice;
        if (detail.startsWith(WORKING_DIRECTORY)) {
            advice = workingDirectoryAdvice(errno);
        } else if (step == LaunchStep.ROOTFS && errno == 2 && detail.contains(" from ")) {
            advice = "create " + sourceOf(detail)
                    + " on the host first, or name another source; in a custom rootfs the "
                    + "target's directory must exist too";
        } else {
            advice = advice(step, errno);
        }
        return advice.isEmpty() ? "" : ". What to do: " + advice;
    }

    private static String workingDirectoryAdvice(int errno) {
        return switch (errno) {
            case 2 ->
                "the directory is not in the container: create it in the rootfs or mount it, or name another with workdir";
            case 13 ->
                "the container's user may not enter the directory: change its mode, or name another with workdir";
            case 20 -> "it is not a directory: name one with workdir";
            default -> "";
        };
    }

    private static String sourceOf(String detail) {
        return detail.substring(detail.indexOf(" from ") + " from ".length());
    }

    private static String advice(LaunchStep step, int errno) {
        return switch (step) {
            case EXEC ->
                switch (errno) {
                    case 2 -> "the program is not in the container: check command, rootfs and volumes";
                    case 13 ->
                        "the program is a directory, the container's user may not execute it, or it is on a noexec mount; allow execution with"
                                + " -v DIR:/target:exec, --tmpfs /tmp:exec, --home 64M:exec or --workspace DIR:exec";
                    case 8 -> "not a program this machine can run, or a script without a #! line";
                    case 20 -> "a component of the path is not a directory";
                    default -> "";
                };
            case CGROUP ->
                errno == 13 || errno == 30 || errno == 1
                        ? "the spawner needs a writable cgroup hierarchy: run it as root or delegate one to it"
                        : "";
            case NAMESPACES ->
                errno == 1 || errno == 28 || errno == 87
                        ? "check /proc/sys/user/max_*_namespaces and, without root, kernel.unprivileged_userns_clone"
                        : "";
            case ROOTFS ->
                switch (errno) {
                    case 2 -> "the source is not on the host, or the target's directory is not in the rootfs";
                    case 30 -> "the target does not exist in a read-only tree: make the directory in the rootfs";
                    default -> "";
                };
            case PLAN -> errno == 71 ? "an older spawner is running: stop it" : "";
            case HOOKS ->
                "the hook is the administrator's (nucleus.hooks in the manager's configuration); its standard "
                        + "error output is above";
            case DIRECTORY, IDENTITY_MAP, HOSTNAME, PIVOT, NETWORK, RLIMITS, CAPABILITIES, LANDLOCK, SECCOMP ->
                errno == 28 || errno == 24 || errno == 12 ? "the host has run out of space, descriptors or memory" : "";
        };
    }
}
