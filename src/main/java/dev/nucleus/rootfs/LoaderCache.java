package dev.nucleus.rootfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The locations of this host's libraries as found by ldconfig(8): {@code /etc/ld.so.cache}, which only root can write.
 *
 * @param libraries paths by the name that a program needs
 * @see <a href="https://sourceware.org/git/?p=glibc.git;a=blob;f=sysdeps/generic/dl-cache.h">glibc, dl-cache.h</a>
 */
record LoaderCache(Map<String, Path> libraries) {

    private static final Path FILE = Path.of("/etc/ld.so.cache");
    private static final long MAX_BYTES = 64 << 20;

    // struct cache_file_new and file_entry_new.
    private static final byte[] MAGIC = "glibc-ld.so.cache1.1".getBytes(StandardCharsets.US_ASCII);
    private static final int COUNT_AT = 20;
    private static final int ENTRIES_AT = 48;
    private static final int ENTRY = 24;
    private static final int KEY_AT = 4;
    private static final int VALUE_AT = 8;
    private static final int PROCESSOR_AT = 16;
    /** FLAG_X8664_LIB64 | FLAG_ELF_LIBC6. */
    private static final int X86_64_LIBRARY = 0x0303;

    LoaderCache {
        libraries = Map.copyOf(libraries);
    }

    /**
     * The cache of this host; empty if there is none or its format is unknown, so that only the default directories are
     * searched.
     */
    static LoaderCache ofThisHost() throws IOException {
        if (!Files.isRegularFile(FILE) || Files.size(FILE) > MAX_BYTES) {
            return new LoaderCache(Map.of());
        }
        return parse(Files.readAllBytes(FILE));
    }

    static LoaderCache parse(byte[] bytes) {
        if (bytes.length < ENTRIES_AT || !Arrays.equals(bytes, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            return new LoaderCache(Map.of());
        }
        ByteBuffer cache = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int count = Math.clamp(Integer.toUnsignedLong(cache.getInt(COUNT_AT)), 0, (bytes.length - ENTRIES_AT) / ENTRY);
        var libraries = new HashMap<String, Path>();
        for (int i = 0; i < count; i++) {
            int at = ENTRIES_AT + i * ENTRY;
            // Skips variants for particular processors: the root filesystem must run on other hosts too.
            if (cache.getInt(at) == X86_64_LIBRARY && cache.getLong(at + PROCESSOR_AT) == 0) {
                Optional<Path> path = string(bytes, cache.getInt(at + VALUE_AT)).flatMap(LoaderCache::path);
                string(bytes, cache.getInt(at + KEY_AT))
                        .ifPresent(name -> path.ifPresent(library -> libraries.putIfAbsent(name, library)));
            }
        }
        return new LoaderCache(libraries);
    }

    private static Optional<Path> path(String text) {
        try {
            return Optional.of(Path.of(text)).filter(Path::isAbsolute);
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    private static Optional<String> string(byte[] bytes, int at) {
        if (at < 0) {
            return Optional.empty();
        }
        for (int end = at; end < bytes.length; end++) {
            if (bytes[end] == 0) {
                return Optional.of(new String(bytes, at, end - at, StandardCharsets.UTF_8));
            }
        }
        return Optional.empty();
    }
}
