package dev.nucleus.plan;

import java.util.Locale;

/** The steps of a launch, in order; their ordinals are sent on the wire (native/src/base/failure.h). */
public enum LaunchStep {
    PLAN("the plan"),
    DIRECTORY("the container's directory"),
    CGROUP("control groups"),
    NAMESPACES("namespaces"),
    IDENTITY_MAP("the user namespace's mapping"),
    NETWORK("the network"),
    HOOKS("the administrator's hooks"),
    HOSTNAME("the hostname"),
    ROOTFS("the root filesystem"),
    PIVOT("changing the root"),
    RLIMITS("resource limits"),
    CAPABILITIES("capabilities and identity"),
    LANDLOCK("Landlock"),
    SECCOMP("seccomp"),
    EXEC("executing the command");

    private final String words;

    LaunchStep(String words) {
        this.words = words;
    }

    /** The subject of the step, in plain words. */
    public String words() {
        return words;
    }

    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
