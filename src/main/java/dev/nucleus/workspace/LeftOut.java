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
            "git~1",
            ".gitmodules",
            ".gitattributes",
            ".githooks",
            ".husky",
            ".hg",
            ".bzr",
            ".jj",
            ".svn",
            "_darcs",
            "CVS",
            ".pijul",
            ".fslckout",
            "_FOSSIL_",
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
            ".npmrc",
            ".pypirc",
            ".pgpass",
            ".vault-token",
            ".kube",
            ".helm");
    private static final List<String> BEGINNINGS = List.of(".env.", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519");
    private static final List<String> ENDINGS =
            List.of(".swp", ".swo", ".pem", ".key", ".p12", ".crt", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk");
    private static final List<String> WORDS = List.of("credential", "secret", "private_key", "kubeconfig");

    /**
     * What makes a repository of any directory that also has "objects" and "refs": git finds one there from below, and runs
     * what its configuration names (git(1), safe.bareRepository).
     */
    private static final String REPOSITORY = "HEAD";

    private LeftOut() {}

    /**
     * Case counts for nothing, nor do characters that can't be seen, nor dots and blanks at the end: the file system of
     * whoever gets the copy may not know them (CVE-2014-9390).
     */
    static boolean is(String name) {
        String lower = plain(name).toLowerCase(Locale.ROOT);
        return name.equals(REPOSITORY)
                || NAMES.stream().anyMatch(left -> left.equalsIgnoreCase(lower))
                || BEGINNINGS.stream().anyMatch(lower::startsWith)
                || ENDINGS.stream().anyMatch(lower::endsWith)
                || WORDS.stream().anyMatch(lower::contains);
    }

    private static String plain(String name) {
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
