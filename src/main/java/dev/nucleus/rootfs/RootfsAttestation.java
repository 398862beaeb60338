package dev.nucleus.rootfs;

import dev.nucleus.kernel.Directory;
import dev.nucleus.kernel.FileStat;
import dev.nucleus.kernel.Identity;
import dev.nucleus.kernel.TrustedPath;
import dev.nucleus.kernel.UntrustedPathException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Verifies that a root filesystem matches its manifest byte for byte, and that nobody but its owner could change or
 * replace it. It is read through its directory, opened once, and the result identifies that directory, so that it can
 * be compared with what is mounted later. A verified root filesystem is not read again while device, inode and change
 * time of every file are unchanged. Thread-safe.
 */
public final class RootfsAttestation {

    private static final int NAMED = 5;
    /** Another change may get the same change time if it is this recent: file systems count in ticks. */
    private static final Duration TICK = Duration.ofSeconds(1);

    private final int manager;
    private final Map<Path, Verified> cache = new ConcurrentHashMap<>();

    /**
     * The result of a verification.
     *
     * @param digest SHA-256 of the manifest
     * @param files number of files, directories and links
     * @param tree identifies the verified directory and its entries
     */
    public record Result(String digest, int files, RootfsTree tree) {}

    private record Verified(String fingerprint, Result result) {}

    /** @param manager the user of the manager, who may own a root filesystem like root */
    public RootfsAttestation(int manager) {
        this.manager = manager;
    }

    /** For the user of this process. */
    public static RootfsAttestation ofThisUser() {
        return new RootfsAttestation(Identity.current().uid());
    }

    /**
     * Verifies a root filesystem.
     *
     * @throws RootfsException naming the number of missing, changed and extra files and the first five; or who else
     *     could replace it
     */
    public Result verify(Path top) {
        try (TrustedPath opened = TrustedPath.openOwned(top)) {
            if (!opened.path().equals(top)) {
                throw new RootfsException(top + " is not canonical: it leads to " + opened.path()
                        + ", and anyone who can change a link on the way decides what runs; use that path");
            }
            try (Directory directory = opened.openDirectory()) {
                return verify(top, directory);
            }
        } catch (UntrustedPathException e) {
            throw new RootfsException("the rootfs " + top + " can't be trusted: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new RootfsException("can't read the rootfs " + top + ": " + e, e);
        }
    }

    private Result verify(Path top, Directory directory) throws IOException {
        Instant begun = Instant.now();
        RootfsSnapshot snapshot = snapshot(top, directory);
        String fingerprint = snapshot.fingerprint();
        Verified before = cache.get(top);
        if (before != null && before.fingerprint().equals(fingerprint)) {
            return before.result();
        }
        Result result = compare(directory, snapshot);
        if (!snapshot(top, directory).fingerprint().equals(fingerprint)) {
            throw new RootfsException("the rootfs " + top + " was changed while it was verified; try again");
        }
        if (snapshot.latestChange().isBefore(begun.minus(TICK))) {
            cache.put(top, new Verified(fingerprint, result));
        }
        return result;
    }

    private RootfsSnapshot snapshot(Path top, Directory directory) throws IOException {
        return RootfsSnapshot.of(
                directory,
                (path, status) -> refuseForeign(
                        path.isEmpty() ? top.toString() : top + "/" + RootfsManifest.escape(path), status));
    }

    private static Result compare(Directory top, RootfsSnapshot snapshot) throws IOException {
        RootfsManifest manifest = RootfsManifest.read(top);
        List<String> differences = manifest.differences(RootfsManifest.scan(top, snapshot));
        if (!differences.isEmpty()) {
            throw new RootfsException("the rootfs " + top + " differs from its manifest in " + differences.size()
                    + (differences.size() == 1 ? " place: " : " places: ")
                    + String.join("; ", differences.stream().limit(NAMED).toList())
                    + (differences.size() > NAMED ? "; …" : "")
                    + ". If that is intended: nucleus rootfs attest " + top);
        }
        return new Result(manifest.digest(), manifest.entries().size(), snapshot.tree());
    }

    private void refuseForeign(String file, FileStat status) {
        if (status.uid() != 0 && status.uid() != manager) {
            throw new RootfsException(file + " belongs to user " + Integer.toUnsignedString(status.uid())
                    + ", who could change it while it runs; chown it to root");
        }
        if (status.isWritableByOthers() && !status.isSticky()) {
            throw new RootfsException(
                    "%s may be written to by others (mode %o); chmod go-w %s".formatted(file, status.mode(), file));
        }
    }

    /**
     * Records the current content as the expected one.
     *
     * @throws RootfsException if others could replace it, or it contains anything but files, directories and links
     */
    public static Result attest(Path top) {
        try (TrustedPath opened = TrustedPath.openOwned(top);
                Directory directory = opened.openDirectory()) {
            RootfsSnapshot snapshot = RootfsSnapshot.of(directory, RootfsSnapshot.Check.NONE);
            RootfsManifest manifest = RootfsManifest.scan(directory, snapshot);
            manifest.write(directory);
            return new Result(manifest.digest(), manifest.entries().size(), snapshot.tree());
        } catch (UntrustedPathException e) {
            throw new RootfsException("the rootfs " + top + " can't be trusted: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new RootfsException("can't attest the rootfs " + top + ": " + e, e);
        }
    }
}
