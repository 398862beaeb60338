package dev.nucleus.rootfs;

import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.commons.codec.binary.Hex;
import org.apache.commons.codec.digest.DigestUtils;

/**
 * Whether a root filesystem is, byte for byte, what its manifest says, and whether nobody but its owner could change
 * that. One that was verified is not read again while device, inode and change time of every file are the same. Safe for
 * use by many threads.
 */
public final class RootfsAttestation {

    private static final int NAMED = 5;
    /** A change time this recent may be had by another change as well: file systems count in ticks. */
    private static final Duration TICK = Duration.ofSeconds(1);

    private final int manager;
    private final Map<Path, Verified> cache = new ConcurrentHashMap<>();

    /**
     * What was verified.
     *
     * @param digest SHA-256 of the manifest
     * @param files how many files, directories and links
     */
    public record Result(String digest, int files) {}

    private record Verified(String fingerprint, Result result) {}

    /** @param manager the user who runs containers, who may own a root filesystem as root may */
    public RootfsAttestation(int manager) {
        this.manager = manager;
    }

    /** For whoever runs this. */
    public static RootfsAttestation ofThisUser() {
        try {
            return new RootfsAttestation(FileStatus.of(Path.of("/proc/self")).uid());
        } catch (IOException e) {
            throw new RootfsException("/proc is not mounted", e);
        }
    }

    /**
     * Verifies it.
     *
     * @throws RootfsException naming what is missing, changed or extra: the first five and how many there are
     */
    public Result verify(Path top) {
        try {
            if (!top.toRealPath().equals(top)) {
                throw new RootfsException(top + " is not canonical: it leads to " + top.toRealPath()
                        + ", and whoever can change a link on the way decides what runs; name that");
            }
            Instant begun = Instant.now();
            Fingerprint fingerprint = fingerprint(top);
            Verified before = cache.get(top);
            if (before != null && before.fingerprint().equals(fingerprint.digest())) {
                return before.result();
            }
            Result result = compare(top);
            if (fingerprint.latest().isBefore(begun.minus(TICK))
                    && fingerprint(top).digest().equals(fingerprint.digest())) {
                cache.put(top, new Verified(fingerprint.digest(), result));
            }
            return result;
        } catch (IOException e) {
            throw new RootfsException("can't read the rootfs " + top + ": " + e, e);
        }
    }

    private static Result compare(Path top) throws IOException {
        RootfsManifest manifest = RootfsManifest.read(top);
        List<String> differences = manifest.differences(RootfsManifest.scan(top));
        if (!differences.isEmpty()) {
            throw new RootfsException("the rootfs " + top + " is not what its manifest says, in " + differences.size()
                    + (differences.size() == 1 ? " place: " : " places: ")
                    + String.join("; ", differences.stream().limit(NAMED).toList())
                    + (differences.size() > NAMED ? "; …" : "")
                    + ". If that was meant: nucleus rootfs attest " + top);
        }
        return new Result(manifest.digest(), manifest.entries().size());
    }

    /** @param latest the most recent change of any file */
    private record Fingerprint(String digest, Instant latest) {}

    /** Looks at every file, the manifest and the top as well, without reading any. */
    private Fingerprint fingerprint(Path top) throws IOException {
        MessageDigest digest = DigestUtils.getSha256Digest();
        Instant latest = Instant.EPOCH;
        var files = new java.util.ArrayList<>(List.of(top));
        if (RootfsManifest.exists(top)) {
            files.add(top.resolve(RootfsManifest.FILE));
        }
        files.addAll(RootfsManifest.files(top));
        for (Path file : files) {
            FileStatus status = FileStatus.of(file);
            refuseForeign(file, status);
            Instant changed = status.changed().toInstant();
            latest = changed.isAfter(latest) ? changed : latest;
            digest.update((file + "\0" + status.device() + " " + status.inode() + " " + changed + "\n")
                    .getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }
        return new Fingerprint(Hex.encodeHexString(digest.digest()), latest);
    }

    private void refuseForeign(Path file, FileStatus status) {
        if (status.uid() != 0 && status.uid() != manager) {
            throw new RootfsException(file + " belongs to user " + status.uid()
                    + ", who could change it while it runs; chown it to root");
        }
        if (status.writableByOthers()) {
            throw new RootfsException("%s may be written to by others (mode %o); chmod go-w %s"
                    .formatted(file, status.mode() & 07777, file));
        }
    }

    /** Records what is there now as what shall be there. */
    public static Result attest(Path top) {
        try {
            RootfsManifest manifest = RootfsManifest.scan(top);
            manifest.write(top);
            return new Result(manifest.digest(), manifest.entries().size());
        } catch (IOException e) {
            throw new RootfsException("can't attest the rootfs " + top + ": " + e, e);
        }
    }
}
