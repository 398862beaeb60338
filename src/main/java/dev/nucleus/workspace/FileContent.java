package dev.nucleus.workspace;

import dev.nucleus.kernel.DataRanges;
import dev.nucleus.kernel.NewFile;
import dev.nucleus.kernel.Node;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import org.apache.commons.codec.binary.Hex;
import org.apache.commons.codec.digest.DigestUtils;
import org.jspecify.annotations.Nullable;

/**
 * Reads regular files, never beyond their size when they were opened: a growing file has no end. Holes are hashed as
 * zeros, but neither read nor written to a copy. Confined to one copy.
 */
final class FileContent {

    private static final int CHUNK = 1 << 16;

    private final ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
    private final byte[] zeros = new byte[CHUNK];
    private final CopyProgress progress;

    /** @param progress counts every byte */
    FileContent(CopyProgress progress) {
        this.progress = progress;
    }

    TreeManifest.Content digest(Node file) throws IOException {
        return read(file, null);
    }

    /** @return the content written */
    TreeManifest.Content copy(Node file, NewFile to) throws IOException {
        return read(file, to);
    }

    private TreeManifest.Content read(Node file, @Nullable NewFile to) throws IOException {
        MessageDigest digest = DigestUtils.getSha256Digest();
        try (FileChannel from = file.read();
                FileChannel into = to == null ? null : to.write()) {
            long end = file.status().size() <= CHUNK
                    ? readData(from, into, 0, file.status().size(), digest)
                    : readRanges(file, from, into, digest);
            if (to != null && into != null && into.size() < end) {
                to.setSize(end);
            }
        }
        return new TreeManifest.Content(
                Hex.encodeHexString(digest.digest()), file.status().isExecutableByOwner());
    }

    /** @return the offset at which the file ended */
    private long readRanges(Node file, FileChannel from, @Nullable FileChannel into, MessageDigest digest)
            throws IOException {
        long size = file.status().size();
        long at = 0;
        try (DataRanges ranges = file.dataRanges()) {
            while (at < size) {
                long data = ranges.nextData(at);
                if (data >= size) {
                    // The file may have become shorter.
                    size = Math.min(size, Math.max(at, from.size()));
                    data = size;
                }
                skip(data - at, digest);
                at = data;
                long hole = at < size ? Math.min(ranges.nextHole(at), size) : at;
                long end = readData(from, into, at, hole, digest);
                if (end < hole) {
                    return end;
                }
                at = end;
            }
        }
        return at;
    }

    private void skip(long length, MessageDigest digest) {
        for (long left = length; left > 0; left -= zeros.length) {
            int count = (int) Math.min(left, zeros.length);
            digest.update(zeros, 0, count);
            progress.bytes(count);
        }
    }

    /** @return the offset reached; less than {@code end} if the file has become shorter */
    private long readData(FileChannel from, @Nullable FileChannel into, long start, long end, MessageDigest digest)
            throws IOException {
        long at = start;
        while (at < end) {
            buffer.clear().limit((int) Math.min(buffer.capacity(), end - at));
            int read = from.read(buffer, at);
            if (read < 0) {
                break;
            }
            digest.update(buffer.flip());
            buffer.rewind();
            long position = at;
            while (into != null && buffer.hasRemaining()) {
                position += into.write(buffer, position);
            }
            at += read;
            progress.bytes(read);
        }
        return at;
    }
}
