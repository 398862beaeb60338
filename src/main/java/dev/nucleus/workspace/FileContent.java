package dev.nucleus.workspace;

import dev.nucleus.kernel.Node;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.security.MessageDigest;
import org.apache.commons.codec.binary.Hex;
import org.apache.commons.codec.digest.DigestUtils;

/** Reads regular files, never more of one than it had when it was opened: one that grows has no end. One walk's. */
final class FileContent {

    private final ByteBuffer buffer = ByteBuffer.allocate(1 << 16);

    TreeManifest.Content digest(Node file) throws IOException {
        try (FileChannel from = file.read()) {
            return digest(file, from, null);
        }
    }

    /** @return what was written */
    TreeManifest.Content copy(Node file, WritableByteChannel to) throws IOException {
        try (FileChannel from = file.read()) {
            return digest(file, from, to);
        }
    }

    private TreeManifest.Content digest(
            Node file, FileChannel from, @org.jspecify.annotations.Nullable WritableByteChannel to) throws IOException {
        MessageDigest digest = DigestUtils.getSha256Digest();
        long left = file.status().size();
        while (left > 0) {
            buffer.clear().limit((int) Math.min(buffer.capacity(), left));
            int read = from.read(buffer);
            if (read < 0) {
                break;
            }
            left -= read;
            digest.update(buffer.flip());
            buffer.rewind();
            while (to != null && buffer.hasRemaining()) {
                to.write(buffer);
            }
        }
        return new TreeManifest.Content(
                Hex.encodeHexString(digest.digest()), file.status().isExecutableByOwner());
    }
}
