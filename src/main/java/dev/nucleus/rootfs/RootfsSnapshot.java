package dev.nucleus.rootfs;

import dev.nucleus.kernel.Directory;
import dev.nucleus.kernel.FileName;
import dev.nucleus.kernel.FileStat;
import dev.nucleus.kernel.Node;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.commons.codec.binary.Hex;
import org.apache.commons.codec.digest.DigestUtils;

/**
 * The results of stat(2) for everything in a root filesystem, from one walk of its open directory: neither the path of
 * the directory nor links in it matter.
 *
 * @param top the directory itself
 * @param manifest the status of {@link RootfsManifest#FILE}, if it exists
 * @param files all other files, by path relative to the top, one character for each byte
 * @param links targets of the links in the top directory
 */
record RootfsSnapshot(
        FileStat top, Optional<FileStat> manifest, SortedMap<String, FileStat> files, Map<String, String> links) {

    /** Far deeper than any real tree, and shallow enough for one thread's stack. */
    private static final int MAX_LEVELS = 1_024;

    /** Checks each file before the walk continues, so that a refused directory is not entered. */
    @FunctionalInterface
    interface Check {
        Check NONE = (_, _) -> {};

        /** @param path relative to the top; empty for the top itself */
        void accept(String path, FileStat status) throws IOException;
    }

    static RootfsSnapshot of(Directory top, Check check) throws IOException {
        FileStat status = top.status();
        check.accept("", status);
        var snapshot = new RootfsSnapshot(status, manifest(top, check), new TreeMap<>(), new HashMap<>());
        snapshot.walk(top, "", check, 0);
        return snapshot;
    }

    private static Optional<FileStat> manifest(Directory top, Check check) throws IOException {
        Optional<FileStat> manifest = top.status(RootfsManifest.NAME);
        if (manifest.isPresent()) {
            check.accept(RootfsManifest.FILE, manifest.get());
        }
        return manifest;
    }

    private void walk(Directory directory, String prefix, Check check, int level) throws IOException {
        if (level > MAX_LEVELS) {
            throw new RootfsException(directory + " is more than " + MAX_LEVELS + " levels deep");
        }
        try (Directory.Listing names = directory.list()) {
            for (FileName name = names.next(); name != null; name = names.next()) {
                if (level > 0 || !name.equals(RootfsManifest.NAME)) {
                    add(directory, name, prefix + name.bytes(), check, level);
                }
            }
        }
    }

    private void add(Directory directory, FileName name, String path, Check check, int level) throws IOException {
        FileStat status = directory.status(name).orElseThrow(() -> changed(directory, name));
        check.accept(path, status);
        files.put(path, status);
        if (status.isDirectory()) {
            try (Directory below = directory.openDirectory(name)) {
                if (!below.status().isSameFile(status)) {
                    throw changed(directory, name);
                }
                walk(below, path + "/", check, level + 1);
            }
        } else if (level == 0 && status.isSymbolicLink()) {
            try (Node link = directory.node(name)) {
                links.put(path, link.linkTarget());
            }
        }
    }

    private static RootfsException changed(Directory directory, FileName name) {
        return new RootfsException(directory + "/" + name + " changed while it was read; try again");
    }

    /** A digest of all results, which changes with the content, mode, owner or location of any file. */
    String fingerprint() {
        MessageDigest digest = DigestUtils.getSha256Digest();
        update(digest, ".", top);
        manifest.ifPresent(status -> update(digest, RootfsManifest.FILE, status));
        files.forEach((path, status) -> update(digest, path, status));
        return Hex.encodeHexString(digest.digest());
    }

    private static void update(MessageDigest digest, String path, FileStat status) {
        digest.update((path + "\0" + status.device() + " " + status.inode() + " " + status.changed() + "\n")
                .getBytes(StandardCharsets.ISO_8859_1));
    }

    /** The time of the most recent change of any file. */
    Instant latestChange() {
        Instant latest = top.changed();
        for (FileStat status : files.values()) {
            latest = status.changed().isAfter(latest) ? status.changed() : latest;
        }
        return manifest.map(FileStat::changed).filter(latest::isBefore).orElse(latest);
    }

    /** Device and inode of what gets mounted, as found by this walk. */
    RootfsTree tree() {
        List<RootfsTree.Entry> entries = new ArrayList<>();
        files.forEach((path, status) -> {
            if (!path.contains("/")) {
                entries.add(new RootfsTree.Entry(
                        RootfsManifest.text(path),
                        status.type(),
                        status.device(),
                        status.inode(),
                        RootfsManifest.text(links.getOrDefault(path, ""))));
            }
        });
        return RootfsTree.of(top, entries);
    }
}
