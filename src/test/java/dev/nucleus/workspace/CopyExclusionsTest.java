package dev.nucleus.workspace;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CopyExclusionsTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                ".git",
                ".GIT",
                ".git.",
                ".git ",
                ".g\u200cit",
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
                "cvs",
                "_FOSSIL_",
                ".fslckout",
                ".pijul"
            })
    void versionControlFilesAreExcluded(String name) {
        assertThat(CopyExclusions.isExcluded(name)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "id_rsa",
                "id_ed25519",
                "id_ecdsa.pub",
                ".env",
                ".env.local",
                "server.pem",
                "my.KEY",
                ".ssh",
                ".aws",
                ".npmrc",
                ".pypirc",
                ".pgpass",
                ".vault-token",
                "secrets.yaml",
                "credentials",
                "store.jks",
                "pass.kdbx"
            })
    void likelySecretsAreExcluded(String name) {
        assertThat(CopyExclusions.isExcluded(name)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ".gitignore",
                ".github",
                ".gitlab-ci.yml",
                "head",
                "Head.java",
                "HEADER.md",
                "objects",
                "refs",
                "config",
                "hooks",
                "identity.c",
                "environment",
                "keys.c",
                "monkey",
                "targets",
                "README.md",
                "..."
            })
    void similarNamesAreCopied(String name) {
        assertThat(CopyExclusions.isExcluded(name)).isFalse();
    }
}
