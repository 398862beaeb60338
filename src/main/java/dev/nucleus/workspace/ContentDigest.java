package dev.nucleus.workspace;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import org.apache.commons.codec.binary.Hex;
import org.apache.commons.codec.digest.DigestUtils;
import org.jspecify.annotations.Nullable;

/**
 * The digest of a file, in time that doesn't depend on the length of its holes. without chunks of zeros it is the
 * SHA-256 of the content. With them it is the SHA-512/256 of the length, the SHA-256 of the list of runs of zeros, and the SHA-256 of the remaining content: a different function, so that no file without zeros can be crafted to have the same digest.
 */
final class ContentDigest {

    private final MessageDigest data = DigestUtils.getSha256Digest();
    private final boolean hashesHoles;
    private @Nullable MessageDigest zeroRuns;
    private long at;
    private long runStart = -1;

    /** @param hashesHoles whether zeros are hashed like data: the digest is always the SHA-256 of the content */
    ContentDigest(boolean hashesHoles) {
        this.hashesHoles = hashesHoles;
    }

    void update(byte[] bytes, int count) {
        endRun();
        data.update(bytes, 0, count);
        at += count;
    }

    /** Appends zeros; consecutive calls are one run. */
    void appendZeros(long length) {
        if (hashesHoles) {
            byte[] zeros = new byte[(int) Math.min(length, FileContent.CHUNK)];
            for (long left = length; left > 0; left -= zeros.length) {
                data.update(zeros, 0, (int) Math.min(left, zeros.length));
            }
        } else if (length > 0 && runStart < 0) {
            runStart = at;
        }
        at += length;
    }

    private void endRun() {
        if (runStart >= 0) {
            if (zeroRuns == null) {
                zeroRuns = DigestUtils.getSha256Digest();
            }
            zeroRuns.update(ByteBuffer.allocate(2 * Long.BYTES)
                    .putLong(runStart)
                    .putLong(at)
                    .flip());
            runStart = -1;
        }
    }

    /** @return in hexadecimal */
    String finish() {
        endRun();
        byte[] digest = data.digest();
        if (zeroRuns != null) {
            MessageDigest all = DigestUtils.getSha512_256Digest();
            all.update(ByteBuffer.allocate(Long.BYTES).putLong(at).flip());
            all.update(zeroRuns.digest());
            digest = all.digest(digest);
        }
        return Hex.encodeHexString(digest);
    }
}
