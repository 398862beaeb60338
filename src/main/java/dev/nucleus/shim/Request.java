package dev.nucleus.shim;

/**
 * Requests of a manager to a spawner or a shim, numbered as in native/src/base/shim_messages.h; requests of clients are
 * not included.
 */
public enum Request {
    PLAN(0x01),
    SUBSCRIBE(0x02),
    SIGNAL(0x03),
    STOP(0x04),
    STREAM(0x05),
    EXEC(0x08),
    DIAL(0x09),
    DENIALS(0x0a),
    FREEZE(0x0b),
    RESIZE(0x0c),
    START(0x0d),
    FORCE_STOP(0x0e),
    TICKET(0x0f),
    /** The record that was given with the plan. */
    RECORD(0x11),
    /** To the spawner: the connection becomes one to the network helper, which the following are for. */
    NETWORK(0x12),
    NETWORK_CHANGES(0x13),
    NETWORK_LIST(0x14),
    NETWORK_DENIED(0x15),
    NETWORK_FORGET(0x16);

    private final int number;

    Request(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }
}
