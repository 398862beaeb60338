package dev.nucleus.cli;

/** How a client treats the streams that it attaches to. Sent as bits, in this order. */
enum AttachOption {
    /** The client's standard input is forwarded to the process. */
    INPUT,
    /** Ctrl-P Ctrl-Q detaches the client and leaves the process running, as in Docker. */
    DETACH_KEYS,
    /**
     * The container works on a copy of its workspace, which only a manager can copy back after the process has exited.
     */
    WORKSPACE;

    int bit() {
        return 1 << ordinal();
    }
}
