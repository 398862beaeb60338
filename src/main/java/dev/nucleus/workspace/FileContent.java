package dev.nucleus.workspace;

import dev.nucleus.kernel.DataRanges;
import dev.nucleus.kernel.NewFile;
import dev.nucleus.kernel.Node;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads regular files in chunks, never beyond their size when they were opened: a growing file has no end. Holes are neither read nor written to a copy, nor hashed (except for manifests of the first format), so they cost no time; a chunk of zeros counts as a hole, so that
 * the digest doesn't depend on where a file system allocates blocks. Confined to one copy.
 */
final class FileContent {

    /** Read size; a chunk of zeros is treated as a hole. */
    static final int CHUNK = 1 << 16;

    /** Write granularity: a block of zeros becomes a hole in the copy. */
    private static final int BLOCK = 1 << 12;

    private static final byte[] ZEROS = new byte[CHUNK];
    private static final String EMPTY_DIGEST = new ContentDigest(false).finish();

    private final ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
    private final CopyProgress progress;
    private final boolean hashesHoles;

    /** @param progress counts every byte */
    FileContent(CopyProgress progress) {
        this(progress, false);
    }

    /** @param hashesHoles whether holes are hashed as zeros, as in manifests of the first format */
    FileContent(CopyProgress progress, boolean hashesHoles) {
        this.progress = progress;
        this.hashesHoles = hashesHoles;
    }

    TreeManifest.Content digest(Node file) throws IOException {
        return read(file, null);
    }

    /** @return the content written */
    TreeManifest.Content copy(Node file, NewFile to) throws IOException {
        return read(file, to);
    }

    private TreeManifest.Content read(Node file, @Nullable NewFile to) throws IOException {
        if (file.status().size() == 0) {
            return new TreeManifest.Content(EMPTY_DIGEST, file.status().isExecutableByOwner());
        }
        var digest = new ContentDigest(hashesHoles);
        try (FileChannel from = file.read();
                FileChannel into = to == null ? null : to.write()) {
            long size = file.status().size();
            long end;
            if (size <= CHUNK) {
                end = readChunk(from, into, 0, size, digest);
            } else {
                try (DataRanges ranges = file.dataRanges()) {
                    end = readRanges(ranges, from, into, size, digest);
                }
            }
            if (to != null && into != null && into.size() < end) {
                to.setSize(end);
            }
            return new TreeManifest.Content(digest.finish(), file.status().isExecutableByOwner());
        }
    }

    /** @return the offset at which the file ended */
    private long readRanges(
            DataRanges ranges, FileChannel from, @Nullable FileChannel into, long size, ContentDigest digest)
            throws IOException {
        long at = 0;
        long dataEnd = 0;
        while (at < size) {
            if (at >= dataEnd) {
                long data = ranges.nextData(at);
                if (data >= size) {
                    // The file may have become shorter.
                    long end = Math.min(size, Math.max(at, from.size()));
                    skip(end - at, digest);
                    return end;
                }
                dataEnd = ranges.nextHole(data);
                long chunk = data - data % CHUNK;
                if (chunk > at) {
                    skip(chunk - at, digest);
                    at = chunk;
                }
            }
            long length = Math.min(CHUNK, size - at);
            long read = readChunk(from, into, at, length, digest);
            at += read;
            if (read < length) {
                break;
            }
        }
        return at;
    }

    private void skip(long length, ContentDigest digest) {
        // Hashing takes time, in which the copy must notice that it is cancelled.
        long step = hashesHoles ? CHUNK : length;
        for (long left = length; left > 0; left -= step) {
            long count = Math.min(left, step);
            digest.appendZeros(count);
            progress.bytes(count);
        }
    }

    /** @return the number of bytes read; less than {@code length} if the file has become shorter */
    private long readChunk(FileChannel from, @Nullable FileChannel into, long at, long length, ContentDigest digest)
            throws IOException {
        buffer.clear().limit((int) length);
        int read;
        do {
            read = from.read(buffer, at + buffer.position());
        } while (read >= 0 && buffer.hasRemaining());
        int count = buffer.position();
        if (isZero(0, count)) {
            skip(count, digest);
            return count;
        }
        digest.update(buffer.array(), count);
        if (into != null) {
            writeBlocks(into, at, count);
        }
        progress.bytes(count);
        return count;
    }

    /** Writes the chunk, except blocks of zeros. */
    private void writeBlocks(FileChannel into, long at, int count) throws IOException {
        int start = 0;
        while (start < count) {
            boolean zero = isZero(start, Math.min(start + BLOCK, count));
            int end = start;
            while (end < count && isZero(end, Math.min(end + BLOCK, count)) == zero) {
                end = Math.min(end + BLOCK, count);
            }
            buffer.limit(end).position(start);
            while (!zero && buffer.hasRemaining()) {
                into.write(buffer, at + buffer.position());
            }
            start = end;
        }
    }

    private boolean isZero(int start, int end) {
        return Arrays.mismatch(buffer.array(), start, end, ZEROS, 0, end - start) < 0;
    }
}
