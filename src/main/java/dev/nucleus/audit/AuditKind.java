package dev.nucleus.audit;

import java.util.Locale;

/** What an audit record tells of. */
public enum AuditKind {
    /** The trail was opened by a manager, or something is missing from it. */
    AUDIT_OPENED,
    AUDIT_GAP,
    /** A command of an operator's. */
    COMMAND,
    CONTAINER_START,
    CONTAINER_STOP,
    CONTAINER_EXEC,
    LAUNCH_FAILED,
    NAMESPACES_CREATED,
    CGROUP_CREATED,
    FILESYSTEM_MOUNTED,
    SECRETS_MOUNTED,
    ROOT_SWITCHED,
    MOUNT_AUDIT_PASSED,
    MOUNT_AUDIT_FAILED,
    NO_NEW_PRIVILEGES,
    CAPABILITIES_DROPPED,
    LANDLOCK_APPLIED,
    SECCOMP_PROFILE_LOADED,
    SECCOMP_APPLIED,
    INIT_STARTED,
    /** By a container's PID 1, as the signal below. */
    ZOMBIE_REAPED,
    SIGNAL_FORWARDED,
    GVISOR_STARTED,
    READINESS_READY,
    READINESS_FAILED,
    HEALTH_PASSED,
    HEALTH_FAILED,
    UNHEALTHY,
    /** Told by a part of Spring, such as a sign-in. */
    APPLICATION;

    /** As it is written. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
