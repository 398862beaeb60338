package dev.nucleus.plan;

/** MOUNT_ATTR_* of mount_setattr(2). */
public final class MountAttributes {

    public static final long READ_ONLY = 0x1;
    public static final long NO_SUID = 0x2;
    public static final long NO_DEV = 0x4;
    public static final long NO_EXEC = 0x8;
    /** Attributes of a read-only tree of the host. */
    public static final long SEALED = READ_ONLY | NO_SUID | NO_DEV;

    private MountAttributes() {}

    /** The attributes in the notation of mount(8). */
    public static String describe(long attributes) {
        return ((attributes & READ_ONLY) != 0 ? "ro" : "rw")
                + ((attributes & NO_SUID) != 0 ? ",nosuid" : "")
                + ((attributes & NO_DEV) != 0 ? ",nodev" : "")
                + ((attributes & NO_EXEC) != 0 ? ",noexec" : "");
    }
}
