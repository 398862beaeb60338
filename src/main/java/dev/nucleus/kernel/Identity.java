package dev.nucleus.kernel;

/** The user that this process runs as. */
public record Identity(int uid, int gid) {

    /** The effective IDs of this process (geteuid(2)). */
    public static Identity current() {
        return new Identity(Libc.INSTANCE.geteuid(), Libc.INSTANCE.getegid());
    }

    public boolean root() {
        return uid == 0;
    }
}
