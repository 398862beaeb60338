package dev.nucleus.shim;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Messages from a spawner or a shim to a manager, numbered as in native/src/base/shim_messages.h; answers to clients
 * are not included.
 */
enum Answer {
    STEPS(0x81),
    STARTED(0x82),
    FAILED(0x83),
    EXITED(0x84),
    DATA(0x85),
    END(0x86),
    EXEC_STARTED(0x87),
    EXEC_EXITED(0x88),
    OK(0x89),
    ERROR(0x8a),
    DIALED(0x8b),
    WARNING(0x8c),
    DENIAL(0x8d),
    CREATED(0x8e),
    NOTIFIED(0x8f),
    INIT(0x90),
    RECORD(0x93),
    NETWORK(0x94);

    private static final Map<Integer, Answer> BY_NUMBER =
            Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(Answer::number, answer -> answer));

    private final int number;

    Answer(int number) {
        this.number = number;
    }

    /** @throws IllegalArgumentException for a number this manager doesn't know */
    static Answer of(int number) {
        Answer answer = BY_NUMBER.get(number);
        if (answer == null) {
            throw new IllegalArgumentException("unknown answer from a shim: " + number);
        }
        return answer;
    }

    int number() {
        return number;
    }
}
