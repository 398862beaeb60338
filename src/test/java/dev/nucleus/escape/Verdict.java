package dev.nucleus.escape;

/**
 * How an attempt ended.
 *
 * @param denied whether it was refused
 * @param why what the kernel answered
 */
record Verdict(boolean denied, String why) {

    /** The verdict on an attempt that only the host can judge, by whether the confinement held. */
    static Verdict of(boolean held, String seen) {
        return new Verdict(held, seen);
    }
}
