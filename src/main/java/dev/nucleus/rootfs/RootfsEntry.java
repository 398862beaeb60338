package dev.nucleus.rootfs;

import dev.nucleus.kernel.FileStat;
import dev.nucleus.kernel.Node;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.apache.commons.codec.binary.Hex;
import org.apache.commons.codec.digest.DigestUtils;

/**
 * The entry of one file, directory or link in a manifest.
 *
 * @param digest SHA-256 of a file's content or of a link's target, in hexadecimal; {@value #NO_DIGEST} for a directory
 * @param mode type and permissions, numbered as in inode(7)
 */
record RootfsEntry(String digest, int mode, int uid, int gid) {

    static final String NO_DIGEST = "-";

    private static final int CHUNK = 1 << 18;

    private static final int REGULAR = 0100000;
    private static final int DIRECTORY = 0040000;
    private static final int LINK = 0120000;

    /** @throws RootfsException for any other type */
    static RootfsEntry of(Node node, String path) throws IOException {
        FileStat status = node.status();
        return switch (status.type()) {
            case REGULAR_FILE -> entry(digestOf(node), REGULAR, status);
            case DIRECTORY -> entry(NO_DIGEST, DIRECTORY, status);
            case SYMBOLIC_LINK ->
                entry(DigestUtils.sha256Hex(node.linkTarget().getBytes(StandardCharsets.ISO_8859_1)), LINK, status);
            case FIFO, SOCKET, DEVICE ->
                throw new RootfsException(
                        path + " is " + status.type().words() + ", neither a file nor a directory nor a link");
        };
    }

    private static RootfsEntry entry(String digest, int type, FileStat status) {
        return new RootfsEntry(digest, type | status.mode(), status.uid(), status.gid());
    }

    private static String digestOf(Node node) throws IOException {
        MessageDigest digest = DigestUtils.getSha256Digest();
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
        try (FileChannel content = node.read()) {
            while (content.read(chunk) >= 0) {
                digest.update(chunk.flip());
                chunk.clear();
            }
        }
        return Hex.encodeHexString(digest.digest());
    }

    /** Describes how this entry, as found, differs from what was recorded. */
    String differenceFrom(RootfsEntry recorded) {
        if (mode != recorded.mode) {
            return "mode %o instead of %o".formatted(mode, recorded.mode);
        }
        if (uid != recorded.uid || gid != recorded.gid) {
            return "owner %d:%d instead of %d:%d".formatted(uid, gid, recorded.uid, recorded.gid);
        }
        return "different content";
    }
}
