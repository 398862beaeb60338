package dev.nucleus.support;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A classic BPF machine with the instructions that libseccomp emits (linux/filter.h, struct seccomp_data). */
public final class BpfMachine {

    public static final int X86_64 = 0xc000003e;

    private static final int ARGUMENTS_OFFSET = 16;

    private BpfMachine() {}

    /** The result of a filter for a call: SECCOMP_RET_*. */
    public static int run(byte[] program, int architecture, int syscall, long... arguments) {
        ByteBuffer code = ByteBuffer.wrap(program).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer data = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        data.putInt(0, syscall).putInt(4, architecture);
        for (int i = 0; i < arguments.length; i++) {
            data.putLong(ARGUMENTS_OFFSET + 8 * i, arguments[i]);
        }
        int accumulator = 0;
        for (int at = 0; ; at++) {
            int operation = code.getShort(at * 8) & 0xffff;
            int whenTrue = code.get(at * 8 + 2) & 0xff;
            int whenFalse = code.get(at * 8 + 3) & 0xff;
            int operand = code.getInt(at * 8 + 4);
            switch (operation) {
                case 0x20 -> accumulator = data.getInt(operand);
                case 0x54 -> accumulator &= operand;
                case 0x05 -> at += operand;
                case 0x15 -> at += accumulator == operand ? whenTrue : whenFalse;
                case 0x25 -> at += Integer.compareUnsigned(accumulator, operand) > 0 ? whenTrue : whenFalse;
                case 0x35 -> at += Integer.compareUnsigned(accumulator, operand) >= 0 ? whenTrue : whenFalse;
                case 0x06 -> {
                    return operand;
                }
                default -> throw new AssertionError("instruction " + Integer.toHexString(operation));
            }
        }
    }
}
