package dev.nucleus.workspace;

import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Names that are copied neither in nor out: what is no source, and what is or may hold a secret. Not out either, so that
 * nothing inside can plant a hook of version control or a key.
 */
final class LeftOut {

    private static final Set<String> NAMES = Set.of(
            ".git",
            ".svn",
            "target",
            "node_modules",
            "__pycache__",
            ".DS_Store",
            ".env",
            ".ssh",
            ".gnupg",
            ".aws",
            ".azure",
            ".gcloud",
            ".docker",
            ".netrc",
            ".kube",
            ".helm");
    private static final List<String> BEGINNINGS = List.of(".env.");
    private static final List<String> ENDINGS = List.of(".swp", ".swo", ".pem", ".key", ".p12", ".crt", ".pfx", ".jks");
    private static final List<String> WORDS = List.of("credential", "secret", "private_key", "kubeconfig");

    private LeftOut() {}

    /** Case counts for nothing: the file system of whoever gets the copy may not know it. */
    static boolean is(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return NAMES.stream().anyMatch(left -> left.equalsIgnoreCase(name))
                || BEGINNINGS.stream().anyMatch(lower::startsWith)
                || ENDINGS.stream().anyMatch(lower::endsWith)
                || WORDS.stream().anyMatch(lower::contains);
    }
}
