package dev.nucleus.spec;

import java.nio.file.Path;
import java.util.Optional;

/** The source of a policy: the name of one that ships with Nucleus, or a file. */
public sealed interface PolicySource {

    /** A policy that ships with Nucleus. */
    record Named(String name) implements PolicySource {
        @Override
        public String toString() {
            return name;
        }
    }

    /** @param sha256 required hash of the file's bytes, as 64 hexadecimal digits; empty: not pinned */
    record File(Path path, Optional<String> sha256) implements PolicySource {
        public File {
            sha256.ifPresent(PolicySource::checkDigest);
        }

        @Override
        public String toString() {
            return path.toString();
        }
    }

    /** Whether a reference to a policy is a path: no shipped policy has a dot or a slash in its name. */
    static boolean looksLikeFile(String text) {
        return text.indexOf('/') >= 0 || text.indexOf('.') >= 0;
    }

    static void checkDigest(String digest) {
        if (!digest.matches("[0-9a-f]{64}")) {
            throw new InvalidSpecException(
                    "'" + digest + "' is not a SHA-256: 64 hexadecimal digits in lower case, as sha256sum prints them");
        }
    }
}
