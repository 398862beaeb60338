package dev.nucleus.rootfs;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Builds small ELF files with the headers that a test needs. */
final class ElfBuilder {

    static final int HEADER = 64;
    static final int PROGRAM_HEADER = 56;
    private static final int SEGMENTS = 3;
    private static final int DYNAMIC_ENTRY = 16;

    private static final int LOAD = 1;
    private static final int DYNAMIC = 2;
    private static final int INTERPRETER = 3;

    static final long DT_NEEDED = 1;
    private static final long DT_STRTAB = 5;
    private static final long DT_STRSZ = 10;
    static final long DT_SONAME = 14;
    static final long DT_RPATH = 15;
    static final long DT_RUNPATH = 29;

    private record Text(long tag, String text) {}

    private final List<Text> texts = new ArrayList<>();
    private String interpreter = "";

    ElfBuilder interpreter(String path) {
        interpreter = path;
        return this;
    }

    ElfBuilder needs(String... names) {
        for (String name : names) {
            texts.add(new Text(DT_NEEDED, name));
        }
        return this;
    }

    ElfBuilder with(long tag, String text) {
        texts.add(new Text(tag, text));
        return this;
    }

    /** Header, program headers, interpreter, dynamic section, strings; addresses are offsets. */
    byte[] build() {
        byte[] path = (interpreter + "\0").getBytes(StandardCharsets.UTF_8);
        int pathAt = HEADER + SEGMENTS * PROGRAM_HEADER;
        int dynamicAt = pathAt + path.length;
        int stringsAt = dynamicAt + (texts.size() + 3) * DYNAMIC_ENTRY;
        var strings = new ByteArrayOutputStream();
        strings.write(0);
        ByteBuffer dynamic =
                ByteBuffer.allocate((texts.size() + 3) * DYNAMIC_ENTRY).order(ByteOrder.LITTLE_ENDIAN);
        for (Text text : texts) {
            dynamic.putLong(text.tag()).putLong(strings.size());
            strings.writeBytes((text.text() + "\0").getBytes(StandardCharsets.UTF_8));
        }
        dynamic.putLong(DT_STRTAB).putLong(stringsAt).putLong(DT_STRSZ).putLong(strings.size());
        int size = stringsAt + strings.size();
        ByteBuffer file = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).position(16);
        file.putShort((short) 3)
                .putShort((short) 62)
                .putInt(1)
                .putLong(0)
                .putLong(HEADER)
                .putLong(0);
        file.putInt(0).putShort((short) HEADER).putShort((short) PROGRAM_HEADER).putShort((short) SEGMENTS);
        file.position(HEADER);
        segment(file, LOAD, 0, size);
        segment(file, interpreter.isEmpty() ? 0 : INTERPRETER, pathAt, path.length);
        segment(file, DYNAMIC, dynamicAt, dynamic.capacity());
        file.put(path).put(dynamic.array()).put(strings.toByteArray());
        return file.array();
    }

    private static void segment(ByteBuffer file, int type, long at, long size) {
        file.putInt(type)
                .putInt(4)
                .putLong(at)
                .putLong(at)
                .putLong(at)
                .putLong(size)
                .putLong(size)
                .putLong(1);
    }
}
