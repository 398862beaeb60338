package dev.nucleus.learning;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Finds the interpreter that the kernel runs a file with: the loader of an ELF file (elf(5), PT_INTERP), or the one in
 * the first line of a script.
 */
final class ProgramInterpreter {

    /** Bytes of a program that are read. */
    static final int HEAD = 65_536;

    private static final int PT_INTERP = 3;
    private static final int ELF_MAGIC = 0x464c457f;
    private static final int TABLE_OFFSET = 32;
    private static final int ENTRY_SIZE = 54;
    private static final int ENTRIES = 56;

    private ProgramInterpreter() {}

    /** @param head the first bytes of the program */
    static Optional<String> of(byte[] head) {
        if (head.length > 2 && head[0] == '#' && head[1] == '!') {
            return script(new String(head, 2, head.length - 2, StandardCharsets.UTF_8));
        }
        ByteBuffer elf = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
        if (head.length < 64 || elf.getInt(0) != ELF_MAGIC) {
            return Optional.empty();
        }
        long table = elf.getLong(TABLE_OFFSET);
        int size = Short.toUnsignedInt(elf.getShort(ENTRY_SIZE));
        int count = Short.toUnsignedInt(elf.getShort(ENTRIES));
        for (int i = 0; i < count; i++) {
            long entry = table + (long) i * size;
            if (entry < 0 || entry > head.length - 56) {
                return Optional.empty();
            }
            if (elf.getInt((int) entry) == PT_INTERP) {
                return text(head, elf.getLong((int) entry + 8), elf.getLong((int) entry + 32));
            }
        }
        return Optional.empty();
    }

    private static Optional<String> text(byte[] head, long offset, long length) {
        if (offset < 0 || length < 2 || length > head.length || offset > head.length - length) {
            return Optional.empty();
        }
        return Optional.of(new String(head, (int) offset, (int) length - 1, StandardCharsets.UTF_8))
                .filter(path -> path.startsWith("/"));
    }

    private static Optional<String> script(String text) {
        String line = text.lines().findFirst().orElse("").strip();
        String program = line.split("\\s+")[0];
        return Optional.of(program).filter(path -> path.startsWith("/"));
    }
}
