package dev.nucleus.cgroup;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/**
 * A character device that a container may use; all others are refused, even to a process that manages to create a node.
 *
 * @param minor empty: any
 */
record DeviceRule(int major, OptionalInt minor) {

    /** null, zero, full, random, urandom, tty, ptmx and pseudo-terminals (Documentation/admin-guide/devices.txt). */
    static final List<DeviceRule> ALLOWED = List.of(
            one(1, 3),
            one(1, 5),
            one(1, 7),
            one(1, 8),
            one(1, 9),
            one(5, 0),
            one(5, 2),
            new DeviceRule(136, OptionalInt.empty()));

    private static DeviceRule one(int major, int minor) {
        return new DeviceRule(major, OptionalInt.of(minor));
    }

    /** The rule as devices.allow of version 1 reads it. Creating nodes is allowed too: a new root gets its own. */
    @Override
    public String toString() {
        return "c " + major + ":" + (minor.isPresent() ? minor.getAsInt() : "*") + " rwm";
    }

    /**
     * The rules as an eBPF program for BPF_CGROUP_DEVICE, by which version 2 controls devices: an array of struct
     * bpf_insn (linux/bpf.h; Documentation/admin-guide/cgroup-v2.rst, "Device controller").
     */
    static byte[] program(List<DeviceRule> rules) {
        var code = new BpfWriter();
        // The context: u32 access << 16 | type, u32 major, u32 minor.
        code.load(2, 0).and(2, 0xffff).load(3, 4).load(4, 8);
        int perRule = 4;
        int end = rules.size() * perRule + 2;
        // Block devices are never allowed.
        code.jumpIfNot(2, CHARACTER, end - 2);
        for (DeviceRule rule : rules) {
            code.jumpIfNot(3, rule.major(), 3);
            if (rule.minor().isPresent()) {
                code.jumpIfNot(4, rule.minor().getAsInt(), 2);
            } else {
                code.skip();
            }
            code.move(0, 1).exit();
        }
        return code.move(0, 0).exit().bytes();
    }

    private static final int CHARACTER = 2;

    /** Instructions of eBPF, eight bytes each (Documentation/bpf/standardization/instruction-set.rst). */
    private static final class BpfWriter {

        private static final int LOAD_WORD = 0x61;
        private static final int AND_32 = 0x54;
        private static final int MOVE = 0xb7;
        private static final int JUMP = 0x05;
        private static final int JUMP_UNLESS_EQUAL = 0x55;
        private static final int EXIT = 0x95;
        private static final int CONTEXT = 1;

        private final ByteBuffer code = ByteBuffer.allocate(2_048).order(ByteOrder.LITTLE_ENDIAN);

        private BpfWriter put(int operation, int destination, int source, int offset, int value) {
            code.put((byte) operation)
                    .put((byte) (source << 4 | destination))
                    .putShort((short) offset)
                    .putInt(value);
            return this;
        }

        BpfWriter load(int register, int offset) {
            return put(LOAD_WORD, register, CONTEXT, offset, 0);
        }

        BpfWriter and(int register, int mask) {
            return put(AND_32, register, 0, 0, mask);
        }

        BpfWriter jumpIfNot(int register, int value, int over) {
            return put(JUMP_UNLESS_EQUAL, register, 0, over, value);
        }

        BpfWriter skip() {
            return put(JUMP, 0, 0, 0, 0);
        }

        BpfWriter move(int register, int value) {
            return put(MOVE, register, 0, 0, value);
        }

        BpfWriter exit() {
            return put(EXIT, 0, 0, 0, 0);
        }

        byte[] bytes() {
            return Arrays.copyOf(code.array(), code.position());
        }
    }
}
