package dev.nucleus.rootfs;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a program or library is linked with, as this host's dynamic loader finds it (ld.so(8), {@code --list}): the
 * loader looks and does not run the program.
 */
final class SharedLibraries {

    private static final Pattern FOUND = Pattern.compile("\\s*(?:\\S+ => )?(/\\S+) \\(0x[0-9a-f]+\\)");
    private static final Pattern LOST = Pattern.compile("\\s*(\\S+) => not found");
    private static final Path LOADER = Path.of("/lib64/ld-linux-x86-64.so.2");

    // elf(5), Elf64_Ehdr and Elf64_Phdr.
    private static final int HEADER = 64;
    private static final int MAGIC = 0x464c457f;
    private static final int CLASS_64 = 2;
    private static final int PROGRAM_HEADERS_AT = 0x20;
    private static final int PROGRAM_HEADER_SIZE_AT = 0x36;
    private static final int PROGRAM_HEADER_COUNT_AT = 0x38;
    private static final int DYNAMIC = 2;
    private static final int INTERPRETER = 3;
    private static final int LONGEST_PATH = 4096;

    /**
     * What a file needs.
     *
     * @param found libraries and the loader, by the paths they are found at
     * @param missing names of libraries that were not found
     */
    record Needed(List<Path> found, List<String> missing) {}

    /** What a program header says: whether it is linked at all, and with which loader. */
    private record Linkage(boolean dynamic, Optional<Path> loader) {}

    /** @return nothing for a file that is no program or library, or is linked with none */
    Needed of(Path file) throws IOException {
        Linkage linkage = linkage(file);
        if (!linkage.dynamic()) {
            return new Needed(List.of(), List.of());
        }
        Path loader = linkage.loader().orElse(LOADER);
        var found = new ArrayList<Path>(List.of(loader));
        var missing = new ArrayList<String>();
        Process process = new ProcessBuilder(loader.toString(), "--list", file.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        process.getOutputStream().close();
        try (var lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line : lines.readAllLines()) {
                Matcher at = FOUND.matcher(line);
                Matcher lost = LOST.matcher(line);
                if (at.matches()) {
                    found.add(Path.of(at.group(1)));
                } else if (lost.matches()) {
                    missing.add(lost.group(1) + ", wanted by " + file);
                }
            }
        }
        return new Needed(found, missing);
    }

    private static Linkage linkage(Path file) throws IOException {
        if (Files.size(file) < HEADER) {
            return new Linkage(false, Optional.empty());
        }
        try (var content = new RandomAccessFile(file.toFile(), "r")) {
            ByteBuffer header = read(content, 0, HEADER);
            if (header.getInt(0) != MAGIC || header.get(4) != CLASS_64) {
                return new Linkage(false, Optional.empty());
            }
            long at = header.getLong(PROGRAM_HEADERS_AT);
            int size = Short.toUnsignedInt(header.getShort(PROGRAM_HEADER_SIZE_AT));
            int count = Short.toUnsignedInt(header.getShort(PROGRAM_HEADER_COUNT_AT));
            boolean dynamic = false;
            Optional<Path> loader = Optional.empty();
            for (int i = 0; i < count; i++) {
                ByteBuffer entry = read(content, at + (long) i * size, size);
                int type = entry.getInt(0);
                dynamic |= type == DYNAMIC;
                if (type == INTERPRETER) {
                    int length = (int) Math.min(entry.getLong(0x20), LONGEST_PATH);
                    byte[] name = read(content, entry.getLong(0x08), length).array();
                    loader = Optional.of(Path.of(new String(name, 0, length - 1, StandardCharsets.UTF_8)));
                }
            }
            // A static-pie program has a dynamic section and no loader; so has a library, whose name ends in .so.
            return new Linkage(
                    dynamic
                            && (loader.isPresent()
                                    || file.getFileName().toString().contains(".so")),
                    loader);
        }
    }

    private static ByteBuffer read(RandomAccessFile content, long at, int length) throws IOException {
        byte[] bytes = new byte[length];
        content.seek(at);
        content.readFully(bytes);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
