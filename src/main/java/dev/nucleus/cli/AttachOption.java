package dev.nucleus.cli;

/** How a client is to treat the streams it attaches to. Sent as bits, in this order. */
enum AttachOption {
    /** Its standard input is the process's. */
    INPUT,
    /** The keys Ctrl-P Ctrl-Q leave the process to itself, as Docker has it. */
    DETACH_KEYS,
    /** What the process leaves behind is incomplete without a manager, which brings its workspace back. */
    WORKSPACE;

    int bit() {
        return 1 << ordinal();
    }
}
