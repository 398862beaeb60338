package dev.nucleus.spawner;

/** Requests to a shim (native/src/wire.h, enum request). */
public enum Request {
    PLAN,
    SUBSCRIBE,
    SIGNAL,
    STOP,
    STREAM,
    STDIN,
    STDIN_END,
    EXEC,
    DIAL,
    DENIALS,
    FREEZE,
    RESIZE,
    START,
    KILL,
    /** The record that was given with the plan. */
    RECORD;

    int number() {
        return ordinal() + 1;
    }
}
