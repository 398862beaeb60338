package dev.nucleus.workspace;

import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Names that are copied neither in nor out: what is not source code, and what is or may contain a secret. They are not
 * copied out either, so that a container can't plant a version control hook or a key.
 */
final class CopyExclusions {

    private static final Set<String> NAMES = Set.of(
            ".git",
            "git~1",
            ".gitmodules",
            ".gitattributes",
            ".githooks",
            ".husky",
            ".hg",
            ".bzr",
            ".jj",
            ".sl",
            ".repo",
            ".svn",
            "_darcs",
            "cvs",
            ".pijul",
            ".fslckout",
            "_fossil_",
            "target",
            "node_modules",
            "__pycache__",
            ".ds_store",
            ".env",
            ".ssh",
            ".gnupg",
            ".aws",
            ".azure",
            ".gcloud",
            ".docker",
            "id_rsa",
            "id_dsa",
            "id_ecdsa",
            "id_ed25519",
            ".netrc",
            ".npmrc",
            ".pypirc",
            ".pgpass",
            ".vault-token",
            ".kube",
            ".helm");
    private static final List<String> PREFIXES = List.of(".env.", "id_rsa.", "id_dsa.", "id_ecdsa.", "id_ed25519.");
    private static final List<String> SUFFIXES =
            List.of(".swp", ".swo", ".pem", ".key", ".p12", ".crt", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk");
    private static final List<String> SUBSTRINGS = List.of("credential", "secret", "private_key", "kubeconfig");

    /**
     * Turns any directory that also has "objects" and "refs" into a bare repository: git finds it from a subdirectory
     * and runs what its configuration names (git(1), safe.bareRepository).
     */
    private static final String GIT_HEAD = "HEAD";

    private CopyExclusions() {}

    /**
     * Whether a file or directory with this name is excluded. Names are compared case-insensitively, ignoring invisible
     * characters and trailing dots and spaces, because the recipient's file system may ignore them too (CVE-2014-9390).
     * "HEAD" alone is compared exactly: "head" is a common name.
     */
    static boolean isExcluded(String name) {
        String lower = normalize(name).toLowerCase(Locale.ROOT);
        return name.equals(GIT_HEAD)
                || NAMES.contains(lower)
                || PREFIXES.stream().anyMatch(lower::startsWith)
                || SUFFIXES.stream().anyMatch(lower::endsWith)
                || SUBSTRINGS.stream().anyMatch(lower::contains);
    }

    private static String normalize(String name) {
        String seen = name.codePoints()
                .filter(each -> !Character.isIdentifierIgnorable(each))
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
        int end = seen.length();
        while (end > 0 && (seen.charAt(end - 1) == '.' || seen.charAt(end - 1) == ' ')) {
            end--;
        }
        return seen.substring(0, end);
    }
}
