package dev.nucleus.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which symbolic links of a path are followed, and which of its components other users could replace. */
class TrustedPathTest {

    /** Neither root nor the user who runs these tests. */
    private static final int SOMEBODY_ELSE = 4242;

    @TempDir
    private Path directory;

    private final int user = Identity.current().uid();
    private Path target;

    @BeforeEach
    void makeTarget() throws IOException {
        directory = directory.toRealPath();
        target = Files.createDirectory(directory.resolve("target"));
    }

    private static void allow(Path path, String permissions) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    }

    @Test
    void aPathWithoutLinksIsOpenedAsItIs() throws IOException {
        Files.writeString(target.resolve("file"), "text");

        try (TrustedPath file = TrustedPath.open(target.resolve("./file"))) {
            assertThat(file.path()).isEqualTo(target.resolve("file"));
            assertThat(file.status().isRegularFile()).isTrue();
            assertThat(file.status().size()).isEqualTo(4);
            assertThat(file.status().device()).isEqualTo(Files.getAttribute(target.resolve("file"), "unix:dev"));
            assertThat(file.status().inode()).isEqualTo(Files.getAttribute(target.resolve("file"), "unix:ino"));
            assertThat(file.node().path()).hasContent("text");
        }
    }

    @Test
    void theRootDirectoryCanBeOpened() throws IOException {
        try (TrustedPath root = TrustedPath.open(Path.of("/"))) {
            assertThat(root.path()).isEqualTo(Path.of("/"));
            assertThat(root.status().isDirectory()).isTrue();
        }
    }

    @Test
    void aLinkOfTheCurrentUserIsFollowed() throws IOException {
        Files.createSymbolicLink(directory.resolve("relative"), Path.of("./other/../target"));
        Files.createDirectory(directory.resolve("other"));
        Files.createSymbolicLink(directory.resolve("absolute"), directory.resolve("relative"));
        Files.createDirectory(target.resolve("below"));

        try (TrustedPath found = TrustedPath.open(directory.resolve("absolute/below"))) {
            assertThat(found.path()).isEqualTo(target.resolve("below"));
        }
    }

    /** To a manager run by root, the link belongs to the user who runs these tests or, if that is root, to another. */
    @Test
    void aLinkOfAnotherUserIsNotFollowed() throws IOException {
        Files.createSymbolicLink(directory.resolve("link"), target);
        Files.createDirectory(target.resolve("below"));
        if (user == 0) {
            Files.setAttribute(directory.resolve("link"), "unix:uid", SOMEBODY_ELSE, LinkOption.NOFOLLOW_LINKS);
        }

        assertThatThrownBy(() -> TrustedPath.open(directory.resolve("link/below"), 0, false))
                .isInstanceOf(UntrustedPathException.class)
                .hasMessageContaining(directory.resolve("link") + ": is a symbolic link owned by user "
                        + (user == 0 ? SOMEBODY_ELSE : user))
                .hasMessageContaining("Use the path it points to: " + target);
    }

    @Test
    void aLinkInAGroupWritableDirectoryIsNotFollowed() throws IOException {
        Files.createSymbolicLink(directory.resolve("link"), target);
        allow(directory, "rwxrwxr-x");

        assertThatThrownBy(() -> TrustedPath.open(directory.resolve("link")))
                .isInstanceOf(UntrustedPathException.class);
    }

    @Test
    void aLinkInAStickyWorldWritableDirectoryIsNotFollowed() throws IOException {
        Path link = Files.createSymbolicLink(directory.resolve("link"), target);
        // Another user may have moved a link of ours here, from a directory of theirs.
        Files.setAttribute(directory, "unix:mode", 01777);

        assertThatThrownBy(() -> TrustedPath.open(link))
                .isInstanceOf(UntrustedPathException.class)
                .hasMessageContaining("Use the path it points to: " + target);
    }

    /** A user who can write to a directory chooses which of root's directories is found there. */
    @Test
    void aLinkBelowAWorldWritableDirectoryIsNotFollowed() throws IOException {
        Path others = Files.createDirectory(directory.resolve("others"));
        allow(others, "rwxrwxrwx");
        Path own = Files.createDirectory(others.resolve("own"));
        Files.createSymbolicLink(own.resolve("link"), target);

        assertThatThrownBy(() -> TrustedPath.open(own.resolve("link")))
                .isInstanceOf(UntrustedPathException.class)
                .hasMessageContaining("own/link: is a symbolic link");
    }

    @Test
    void circularLinksAreRefused() throws IOException {
        Files.createSymbolicLink(directory.resolve("a"), Path.of("b"));
        Files.createSymbolicLink(directory.resolve("b"), Path.of("a"));

        assertThatThrownBy(() -> TrustedPath.open(directory.resolve("a")))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContaining("more than 40 symbolic links");
    }

    @Test
    void theMissingComponentIsNamed() {
        assertThatThrownBy(() -> TrustedPath.open(target.resolve("gone/below")))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageStartingWith(target.resolve("gone") + ": ");
    }

    @Test
    void aFileIsRefusedAsAnIntermediateDirectory() throws IOException {
        Files.writeString(target.resolve("file"), "text");

        assertThatThrownBy(() -> TrustedPath.open(target.resolve("file/below")))
                .isInstanceOf(NotDirectoryException.class);
    }

    @Test
    void aPathThatOnlyRootOrTheUserCanChangeIsOwned() throws IOException {
        try (TrustedPath found = TrustedPath.openOwned(target)) {
            assertThat(found.path()).isEqualTo(target);
        }
    }

    @Test
    void aDirectoryThatOthersMayWriteToIsNotOwned() throws IOException {
        allow(target, "rwxrwxr-x");

        assertThatThrownBy(() -> TrustedPath.openOwned(target))
                .isInstanceOf(UntrustedPathException.class)
                .hasMessageContaining("may be written to by others (mode 775): chmod go-w " + target);
    }

    @Test
    void aPathBelowADirectoryThatOthersMayWriteToIsNotOwned() throws IOException {
        Files.createDirectory(target.resolve("below"));
        allow(target, "rwxrwxrwx");

        assertThatThrownBy(() -> TrustedPath.openOwned(target.resolve("below")))
                .isInstanceOf(UntrustedPathException.class)
                .hasMessageContaining("may be written to by others");
    }

    /** Each hop of a chain of links counts, not only the first and the last. */
    @Test
    void aLinkThroughADirectoryOfOthersIsNotOwned() throws IOException {
        Path others = Files.createDirectory(directory.resolve("others"));
        Files.createSymbolicLink(others.resolve("hop"), target);
        Files.createSymbolicLink(directory.resolve("link"), others.resolve("hop"));
        allow(others, "rwxrwxrwx");

        assertThatThrownBy(() -> TrustedPath.openOwned(directory.resolve("link")))
                .isInstanceOf(UntrustedPathException.class)
                .hasMessageContaining("others");
    }

    @Test
    void anOpenPathKeepsReferringToTheSameDirectory() throws IOException {
        Files.writeString(target.resolve("file"), "text");
        try (TrustedPath held = TrustedPath.open(target)) {
            Files.move(target, directory.resolve("aside"));
            Files.createDirectory(target);

            try (Directory opened = held.openDirectory();
                    Node file = opened.node(FileName.of("file"))) {
                assertThat(file.path()).hasContent("text");
            }
        }
    }
}
