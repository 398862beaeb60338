package dev.nucleus.cli;

/** Messages between a client and the manager, numbered as in native/client/manager_messages.h. */
enum ClientMessage {
    COMMAND(0x01),
    TERMINAL(0x05),
    DESCRIPTOR(0x06),
    OUTPUT(0x11),
    ERROR_OUTPUT(0x12),
    EXIT(0x13),
    WANT_TERMINAL(0x15),
    WANT_DESCRIPTOR(0x16),
    STREAMS(0x17);

    private final int number;

    ClientMessage(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }
}
