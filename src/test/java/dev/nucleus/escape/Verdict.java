package dev.nucleus.escape;

/**
 * How an attempt ended.
 *
 * @param denied whether it was refused
 * @param why what the kernel answered
 */
record Verdict(boolean denied, String why) {

    /** Of something that only the host can see: it holds, or here is what was seen instead. */
    static Verdict of(boolean held, String seen) {
        return new Verdict(held, seen);
    }
}
