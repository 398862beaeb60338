package dev.nucleus.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.nucleus.kernel.Directory;
import dev.nucleus.kernel.FileName;
import dev.nucleus.kernel.FileStat;
import dev.nucleus.support.Requires;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RootfsAttestationTest {

    private final RootfsAttestation attestation = RootfsAttestation.ofThisUser();

    private Path above;
    private Path top;

    @BeforeEach
    void fill(@TempDir Path directory) throws IOException {
        above = directory.toRealPath();
        top = Files.createDirectory(above.resolve("rootfs"));
        Files.createDirectories(top.resolve("usr/bin"));
        Files.writeString(top.resolve("usr/bin/web"), "program");
        Files.createSymbolicLink(top.resolve("bin"), Path.of("usr/bin"));
        for (String path : new String[] {"", "usr", "usr/bin", "usr/bin/web"}) {
            permit(path, "rwxr-xr-x");
        }
        RootfsAttestation.attest(top);
    }

    private void permit(String path, String permissions) throws IOException {
        Files.setPosixFilePermissions(top.resolve(path), PosixFilePermissions.fromString(permissions));
    }

    private void assertRefused(String... reasons) {
        assertThatThrownBy(() -> attestation.verify(top))
                .isInstanceOf(RootfsException.class)
                .hasMessageContainingAll(reasons);
    }

    @Test
    void anUnchangedTreeIsVerified() throws IOException {
        RootfsAttestation.Result result = attestation.verify(top);

        assertThat(result.files()).isEqualTo(4);
        try (Directory opened = Directory.open(top)) {
            assertThat(result.digest()).isEqualTo(RootfsManifest.read(opened).digest());
        }
        assertThat(attestation.verify(top)).isEqualTo(result);
    }

    @Test
    void changedContentIsNamedEvenIfItsTimeIsReset() throws IOException {
        Path program = top.resolve("usr/bin/web");
        FileTime before = Files.getLastModifiedTime(program);
        attestation.verify(top);
        Files.writeString(program, "PROGRAM");
        Files.setLastModifiedTime(program, before);

        assertRefused("in 1 place", "changed: usr/bin/web (different content)", "nucleus rootfs attest " + top);
    }

    @Test
    void changedModeIsNamed() throws IOException {
        permit("usr/bin/web", "rwxr-x---");

        assertRefused("changed: usr/bin/web (mode 100750 instead of 100755)");
    }

    @Test
    void aChangedLinkIsNamed() throws IOException {
        Files.delete(top.resolve("bin"));
        Files.createSymbolicLink(top.resolve("bin"), Path.of("usr/lib"));

        assertRefused("changed: bin (different content)");
    }

    @Test
    void missingAndExtraFilesAreCountedAndTheFirstFiveNamed() throws IOException {
        Files.delete(top.resolve("usr/bin/web"));
        for (int i = 0; i < 7; i++) {
            Files.writeString(top.resolve("usr/extra-" + i), "");
            permit("usr/extra-" + i, "rw-r--r--");
        }

        assertRefused("in 8 places: missing: usr/bin/web; extra: usr/extra-0; ", "extra: usr/extra-3; …");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "usr", "usr/bin/web", RootfsManifest.FILE})
    void anythingThatOthersMayWriteToIsRefused(String path) throws IOException {
        permit(path, "rwxrwxr-x");

        assertRefused("may be written to by others", "chmod go-w");
    }

    @Test
    void aMissingManifestIsRefusedWithTheCommandToMakeOne() throws IOException {
        Files.delete(top.resolve(RootfsManifest.FILE));

        assertRefused("has no manifest", "nucleus rootfs attest " + top);
    }

    @Test
    void aManifestThatIsALinkOrCutShortIsRefused() throws IOException {
        Path manifest = top.resolve(RootfsManifest.FILE);
        String text = Files.readString(manifest);
        Files.writeString(manifest, text.substring(0, text.length() - 20));
        assertRefused("invalid manifest line");

        Files.delete(manifest);
        Files.createSymbolicLink(manifest, Path.of("/etc/passwd"));
        assertRefused("is a symbolic link");
    }

    @Test
    void aPathThroughALinkIsRefused() throws IOException {
        Path link = Files.createSymbolicLink(top.resolveSibling("link"), top);

        assertThatThrownBy(() -> attestation.verify(link)).hasMessageContaining("is not canonical: it leads to " + top);
    }

    /** A verified tree whose change times are not recent is not read again: the same result object is returned. */
    @Test
    void aVerifiedTreeIsReadAgainOnlyAfterAChange() throws Exception {
        Awaitility.await("the change times are no longer recent")
                .until(() -> ((FileTime) Files.getAttribute(top.resolve(RootfsManifest.FILE), "unix:ctime"))
                        .toInstant()
                        .isBefore(Instant.now().minusMillis(1_100)));
        RootfsAttestation.Result first = attestation.verify(top);
        assertThat(attestation.verify(top)).as("the cached result").isSameAs(first);

        permit("usr/bin/web", "rwxr-xr-x");
        assertThat(attestation.verify(top)).isNotSameAs(first).isEqualTo(first);
    }

    @Test
    void theVerifiedTreeIsIdentifiedByDeviceAndInode() throws IOException {
        RootfsTree tree = attestation.verify(top).tree();

        assertThat(tree.device()).isEqualTo(Files.getAttribute(top, "unix:dev"));
        assertThat(tree.inode()).isEqualTo(Files.getAttribute(top, "unix:ino"));
        assertThat(tree.entries())
                .extracting(RootfsTree.Entry::name, RootfsTree.Entry::type, RootfsTree.Entry::linkTarget)
                .containsExactly(
                        tuple("bin", FileStat.Type.SYMBOLIC_LINK, "usr/bin"),
                        tuple("usr", FileStat.Type.DIRECTORY, ""));
        assertThat(tree.entries().getLast().inode()).isEqualTo(Files.getAttribute(top.resolve("usr"), "unix:ino"));
    }

    /** The same content under the same name may be another directory: the verified one must be mounted. */
    @Test
    void aReplacedDirectoryIsDetected() throws IOException {
        RootfsTree before = attestation.verify(top).tree();
        Path other = top.resolveSibling("other");
        Files.move(top, other);
        fill(above);

        RootfsTree after = attestation.verify(top).tree();

        assertThat(after.inode()).isNotEqualTo(before.inode());
        assertThat(RootfsTree.of(other).inode()).isEqualTo(before.inode());
    }

    @Test
    void anAncestorThatOthersMayWriteToIsRefused() throws IOException {
        Files.setPosixFilePermissions(above, PosixFilePermissions.fromString("rwxrwxrwx"));

        assertRefused("can't be trusted", above.toString());
        assertThatThrownBy(() -> RootfsAttestation.attest(top)).hasMessageContaining("can't be trusted");
    }

    @Test
    void anAncestorOfAnotherUserIsRefused() throws IOException {
        Requires.root();
        Files.setAttribute(above, "unix:uid", 65_534);

        assertRefused("can't be trusted", above.toString(), "belongs to user 65534");
    }

    /** Two trees, one of them attested, keep replacing each other: only the attested one may be accepted. */
    @Test
    void aReplacementDuringVerificationIsDetected() throws Exception {
        long attested = attestation.verify(top).tree().inode();
        Path other = Files.createDirectory(top.resolveSibling("other"));
        Path spare = top.resolveSibling("spare");
        Files.writeString(other.resolve("extra"), "x");
        var going = new AtomicBoolean(true);
        Thread exchange = Thread.ofPlatform().start(() -> {
            try {
                while (going.get()) {
                    Files.move(top, spare);
                    Files.move(other, top);
                    Files.move(top, other);
                    Files.move(spare, top);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        int accepted = 0;
        int refused = 0;
        for (int i = 0; i < 20_000 && (i < 500 || accepted == 0 || refused == 0); i++) {
            try {
                assertThat(attestation.verify(top).tree().inode()).isEqualTo(attested);
                accepted++;
            } catch (RootfsException e) {
                refused++;
            }
        }
        going.set(false);
        exchange.join();

        assertThat(accepted).isPositive();
        assertThat(refused).isPositive();
    }

    @Test
    void aNamedPipeIsRefusedWithoutBlocking() throws Exception {
        Path pipe = top.resolve("usr/pipe");
        assertThat(new ProcessBuilder("mkfifo", "-m", "600", pipe.toString())
                        .start()
                        .waitFor())
                .isZero();

        assertRefused(pipe + " is a named pipe");
    }

    @Test
    void aManifestThatIsAPipeIsRefusedWithoutBlocking() throws Exception {
        Path manifest = top.resolve(RootfsManifest.FILE);
        Files.delete(manifest);
        assertThat(new ProcessBuilder("mkfifo", "-m", "600", manifest.toString())
                        .start()
                        .waitFor())
                .isZero();

        assertRefused(manifest + " is a named pipe");
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "a\tb", "line\nbreak", "back\\slash", "ümläut", "\\011"})
    void everyNameSurvivesTheManifest(String name) throws IOException {
        String bytes = FileName.of(name).bytes();
        assertThat(RootfsManifest.unescape(RootfsManifest.escape(bytes))).isEqualTo(bytes);
        Files.writeString(top.resolve(name), "x");
        permit(name, "rw-r--r--");
        RootfsAttestation.attest(top);

        assertThat(attestation.verify(top).files()).isEqualTo(5);
    }
}
