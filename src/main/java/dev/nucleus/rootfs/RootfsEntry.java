package dev.nucleus.rootfs;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import org.apache.commons.codec.binary.Hex;
import org.apache.commons.codec.digest.DigestUtils;

/**
 * What a manifest says of one file, directory or link.
 *
 * @param digest SHA-256 of a file's content or of a link's target, in hexadecimal; of a directory {@value #NO_DIGEST}
 * @param mode type and permissions as inode(7) numbers them
 */
record RootfsEntry(String digest, int mode, int uid, int gid) {

    static final String NO_DIGEST = "-";

    private static final int CHUNK = 1 << 18;

    static RootfsEntry of(Path file, FileStatus status) throws IOException {
        String digest = status.link()
                ? DigestUtils.sha256Hex(Files.readSymbolicLink(file).toString())
                : status.directory() ? NO_DIGEST : digestOf(file);
        return new RootfsEntry(digest, status.mode(), status.uid(), status.gid());
    }

    private static String digestOf(Path file) throws IOException {
        MessageDigest digest = DigestUtils.getSha256Digest();
        byte[] chunk = new byte[CHUNK];
        try (InputStream content = Files.newInputStream(file, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
            int count = content.read(chunk);
            while (count >= 0) {
                digest.update(chunk, 0, count);
                count = content.read(chunk);
            }
        }
        return Hex.encodeHexString(digest.digest());
    }

    /** In what it differs, in words; as the one found, compared with what was recorded. */
    String differenceFrom(RootfsEntry recorded) {
        if (mode != recorded.mode) {
            return "mode %o instead of %o".formatted(mode, recorded.mode);
        }
        if (uid != recorded.uid || gid != recorded.gid) {
            return "owner %d:%d instead of %d:%d".formatted(uid, gid, recorded.uid, recorded.gid);
        }
        return "another content";
    }
}
