package dev.nucleus.audit;

import java.util.Locale;

/** The kind of an audit record. */
public enum AuditKind {
    /** A manager opened the trail. {@link #AUDIT_GAP}: records are missing from it. */
    AUDIT_OPENED,
    AUDIT_GAP,
    /** A command by an operator. */
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
    /** By a container's PID 1, like {@link #SIGNAL_FORWARDED}. */
    ZOMBIE_REAPED,
    SIGNAL_FORWARDED,
    GVISOR_STARTED,
    /** The first packet of a container to a destination that its network policy denies. */
    CONNECTION_DENIED,
    READINESS_READY,
    READINESS_FAILED,
    HEALTH_PASSED,
    HEALTH_FAILED,
    UNHEALTHY,
    /** Published by a part of Spring, such as a login. */
    APPLICATION;

    /** As written to the trail. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
