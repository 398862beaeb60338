package dev.nucleus.spec;

import java.nio.file.Path;
import java.util.Optional;

/** Where a policy comes from: one that Nucleus ships, by name, or a file. */
public sealed interface PolicySource {

    /** One that comes with Nucleus. */
    record Named(String name) implements PolicySource {
        @Override
        public String toString() {
            return name;
        }
    }

    /** @param sha256 what the file's bytes must hash to, as 64 hexadecimal digits; empty: not pinned */
    record File(Path path, Optional<String> sha256) implements PolicySource {
        public File {
            sha256.ifPresent(PolicySource::checkDigest);
        }

        @Override
        public String toString() {
            return path.toString();
        }
    }

    /** Whether a word for a policy is a path: no shipped policy has a dot or a slash in its name. */
    static boolean looksLikeFile(String text) {
        return text.indexOf('/') >= 0 || text.indexOf('.') >= 0;
    }

    static void checkDigest(String digest) {
        if (!digest.matches("[0-9a-f]{64}")) {
            throw new InvalidSpecException(
                    "'" + digest + "' is no SHA-256: 64 hexadecimal digits in lower case, as sha256sum prints them");
        }
    }
}
