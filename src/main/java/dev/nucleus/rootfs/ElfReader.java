package dev.nucleus.rootfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads the dynamic section of an ELF file that may be malicious: each offset is checked against the size of the file,
 * each count and length against a limit, before anything is allocated. An instance is used once.
 *
 * <p>Uses only the program headers, like the kernel and the dynamic loader; section headers may be absent or wrong.
 */
final class ElfReader {

    // elf(5), Elf64_Ehdr.
    private static final int HEADER = 64;
    private static final int MAGIC = 0x464c457f;
    private static final int CLASS_64 = 2;
    private static final int LITTLE_ENDIAN = 1;
    private static final int EXECUTABLE = 2;
    private static final int SHARED = 3;
    private static final int X86_64 = 62;
    private static final int TYPE_AT = 0x10;
    private static final int MACHINE_AT = 0x12;
    private static final int PROGRAM_HEADERS_AT = 0x20;
    private static final int PROGRAM_HEADER_SIZE_AT = 0x36;
    private static final int PROGRAM_HEADER_COUNT_AT = 0x38;

    // Elf64_Phdr.
    private static final int PROGRAM_HEADER = 56;
    private static final int LOAD = 1;
    private static final int DYNAMIC = 2;
    private static final int INTERPRETER = 3;
    private static final int OFFSET_AT = 0x08;
    private static final int ADDRESS_AT = 0x10;
    private static final int FILE_SIZE_AT = 0x20;

    // Elf64_Dyn.
    private static final int DYNAMIC_ENTRY = 16;
    private static final long DT_NULL = 0;
    private static final long DT_NEEDED = 1;
    private static final long DT_STRTAB = 5;
    private static final long DT_STRSZ = 10;
    private static final long DT_SONAME = 14;
    private static final long DT_RPATH = 15;
    private static final long DT_RUNPATH = 29;
    private static final long DT_FLAGS_1 = 0x6ffffffbL;
    private static final long DF_1_NODEFLIB = 0x800;

    /** The kernel's own limit on program headers (fs/binfmt_elf.c, load_elf_phdrs). */
    private static final int MAX_PROGRAM_HEADERS = 65_536 / PROGRAM_HEADER;

    private static final int MAX_PATH = 4_096;
    /** The largest programs in Debian need some 200 libraries. */
    private static final int MAX_NEEDED = 1_024;

    private static final int MAX_DYNAMIC_SECTION = 1 << 20;
    private static final int MAX_SEARCH_PATH = 16_384;

    private final FileChannel content;
    private final long size;
    private final List<Segment> loaded = new ArrayList<>();

    private record Segment(long offset, long address, long fileSize) {}

    /** Offsets into the string table, whose location is not known until the section has been read. */
    private static final class Dynamic {
        private final List<Long> needed = new ArrayList<>();
        private long soname = -1;
        private long rpath = -1;
        private long runpath = -1;
        private long strings;
        private long stringsSize;
        private long flags;
    }

    ElfReader(FileChannel content) throws IOException {
        this.content = content;
        this.size = content.size();
    }

    Optional<ElfFile> read() throws IOException {
        if (size < HEADER) {
            return Optional.empty();
        }
        ByteBuffer header = bytes(0, HEADER, "its header");
        int type = Short.toUnsignedInt(header.getShort(TYPE_AT));
        if (header.getInt(0) != MAGIC
                || header.get(4) != CLASS_64
                || header.get(5) != LITTLE_ENDIAN
                || header.getShort(MACHINE_AT) != X86_64
                || (type != EXECUTABLE && type != SHARED)) {
            return Optional.empty();
        }
        int count = Short.toUnsignedInt(header.getShort(PROGRAM_HEADER_COUNT_AT));
        if (count > MAX_PROGRAM_HEADERS) {
            throw new MalformedElfException(count + " program headers, more than the kernel reads");
        }
        if (count > 0 && header.getShort(PROGRAM_HEADER_SIZE_AT) != PROGRAM_HEADER) {
            throw new MalformedElfException("the size of its program headers is not " + PROGRAM_HEADER);
        }
        ByteBuffer headers =
                bytes(header.getLong(PROGRAM_HEADERS_AT), (long) count * PROGRAM_HEADER, "its program headers");
        Optional<Segment> dynamic = Optional.empty();
        Optional<String> interpreter = Optional.empty();
        for (int i = 0; i < count; i++) {
            int at = i * PROGRAM_HEADER;
            var segment = new Segment(
                    headers.getLong(at + OFFSET_AT),
                    headers.getLong(at + ADDRESS_AT),
                    headers.getLong(at + FILE_SIZE_AT));
            switch (headers.getInt(at)) {
                case LOAD -> loaded.add(segment);
                case DYNAMIC -> dynamic = Optional.of(segment);
                case INTERPRETER -> interpreter = Optional.of(interpreter(segment));
                default -> {
                    // Notes, relocations and stacks are irrelevant to linking.
                }
            }
        }
        return Optional.of(
                linkage(type == SHARED, interpreter, dynamic.isPresent() ? dynamic(dynamic.get()) : new Dynamic()));
    }

    private ElfFile linkage(boolean library, Optional<String> interpreter, Dynamic dynamic) throws IOException {
        var needed = new ArrayList<String>();
        for (long name : dynamic.needed) {
            needed.add(string(dynamic, name, MAX_PATH));
        }
        List<String> runpath = directories(dynamic, dynamic.runpath);
        return new ElfFile(
                library,
                interpreter,
                dynamic.soname < 0 ? Optional.empty() : Optional.of(string(dynamic, dynamic.soname, MAX_PATH)),
                needed,
                dynamic.runpath < 0 ? directories(dynamic, dynamic.rpath) : List.of(),
                runpath,
                (dynamic.flags & DF_1_NODEFLIB) != 0);
    }

    private String interpreter(Segment segment) throws IOException {
        if (segment.fileSize < 2 || segment.fileSize > MAX_PATH) {
            throw new MalformedElfException("the path of its interpreter has " + segment.fileSize + " bytes");
        }
        byte[] path = bytes(segment.offset, segment.fileSize, "the path of its interpreter")
                .array();
        return terminated(path, "the path of its interpreter");
    }

    private Dynamic dynamic(Segment section) throws IOException {
        if (section.fileSize < 0 || section.fileSize > MAX_DYNAMIC_SECTION) {
            throw new MalformedElfException("its dynamic section has " + section.fileSize + " bytes");
        }
        ByteBuffer entries = bytes(section.offset, section.fileSize, "its dynamic section");
        var dynamic = new Dynamic();
        boolean more = true;
        for (int at = 0; more && at + DYNAMIC_ENTRY <= entries.limit(); at += DYNAMIC_ENTRY) {
            more = note(dynamic, entries.getLong(at), entries.getLong(at + Long.BYTES));
        }
        return dynamic;
    }

    /** @return false at the end of the section */
    private static boolean note(Dynamic dynamic, long tag, long value) throws MalformedElfException {
        if (tag == DT_NULL) {
            return false;
        } else if (tag == DT_NEEDED) {
            dynamic.needed.add(value);
        } else if (tag == DT_STRTAB) {
            dynamic.strings = value;
        } else if (tag == DT_STRSZ) {
            dynamic.stringsSize = value;
        } else if (tag == DT_SONAME) {
            dynamic.soname = notNegative(value);
        } else if (tag == DT_RPATH) {
            dynamic.rpath = notNegative(value);
        } else if (tag == DT_RUNPATH) {
            dynamic.runpath = notNegative(value);
        } else if (tag == DT_FLAGS_1) {
            dynamic.flags = value;
        }
        if (dynamic.needed.size() > MAX_NEEDED) {
            throw new MalformedElfException("it needs more than " + MAX_NEEDED + " libraries");
        }
        return true;
    }

    private static long notNegative(long offset) throws MalformedElfException {
        if (offset < 0) {
            throw new MalformedElfException("a string lies outside its string table");
        }
        return offset;
    }

    private List<String> directories(Dynamic dynamic, long at) throws IOException {
        return at < 0 ? List.of() : List.of(string(dynamic, at, MAX_SEARCH_PATH).split(":", -1));
    }

    private String string(Dynamic dynamic, long at, int longest) throws IOException {
        if (dynamic.stringsSize <= 0 || at < 0 || at >= dynamic.stringsSize) {
            throw new MalformedElfException("a string lies outside its string table");
        }
        long begin = offset(dynamic.strings) + at;
        if (begin < 0 || begin >= size) {
            throw new MalformedElfException("a string lies outside the file");
        }
        long length = Math.min(Math.min(dynamic.stringsSize - at, longest + 1L), size - begin);
        return terminated(bytes(begin, length, "a string").array(), "a string");
    }

    /** The offset in the file of an address of the loaded file. */
    private long offset(long address) throws MalformedElfException {
        for (Segment segment : loaded) {
            long into = address - segment.address;
            if (Long.compareUnsigned(into, segment.fileSize) < 0) {
                long offset = segment.offset + into;
                if (segment.offset >= 0 && into >= 0 && offset >= 0 && offset < size) {
                    return offset;
                }
            }
        }
        throw new MalformedElfException("its string table is in none of its segments");
    }

    private static String terminated(byte[] bytes, String what) throws MalformedElfException {
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == 0) {
                return new String(bytes, 0, i, StandardCharsets.UTF_8);
            }
        }
        throw new MalformedElfException(what + " is not terminated");
    }

    /** @param length within a limit that the caller has checked */
    private ByteBuffer bytes(long at, long length, String what) throws IOException {
        if (at < 0 || length < 0 || length > size || at > size - length) {
            throw new MalformedElfException(what + " lies outside the file");
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) length).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            if (content.read(bytes, at + bytes.position()) < 0) {
                throw new MalformedElfException("it became shorter while it was read");
            }
        }
        return bytes.flip();
    }
}
