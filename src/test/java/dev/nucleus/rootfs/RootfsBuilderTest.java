package dev.nucleus.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RootfsBuilderTest {

    @TempDir
    Path directory;

    private RootfsBuilder.Result build(Path top, List<Path> programs, List<Path> copies) {
        return RootfsBuilder.build(top, programs, copies, List.of(new RootfsBuilder.User("web", 4711, 4712)));
    }

    @Test
    void aProgramBringsItsLibrariesAndLiesWhereItLay() throws Exception {
        Path top = directory.toRealPath().resolve("rootfs");
        RootfsBuilder.Result result = build(top, List.of(Path.of("/bin/sh")), List.of());

        assertThat(result.missing()).isEmpty();
        assertThat(top.resolve("bin/sh")).isExecutable();
        assertThat(Files.readSymbolicLink(top.resolve("lib64"))).isEqualTo(Path.of("usr/lib64"));
        assertThat(top.resolve("lib64/ld-linux-x86-64.so.2").toRealPath()).exists();
        assertThat(Files.readString(top.resolve("etc/passwd"))).contains("web:x:4711:4712:");
        assertThat(RootfsAttestation.ofThisUser().verify(top)).isEqualTo(result.attestation());
    }

    @Test
    void nothingIsSetUserIdOrOthersToWrite() throws IOException {
        Path top = directory.toRealPath().resolve("rootfs");
        Path data = Files.createDirectories(directory.toRealPath().resolve("data"));
        Path shared = Files.writeString(data.resolve("shared"), "x");
        Files.setPosixFilePermissions(shared, java.nio.file.attribute.PosixFilePermissions.fromString("rw-rw-rw-"));
        build(top, List.of(Path.of("/bin/su")), List.of(data));

        for (Path file : RootfsManifest.files(top)) {
            FileStatus status = FileStatus.of(file);
            assertThat(status.writableByOthers()).as(file.toString()).isFalse();
            assertThat(status.mode() & 06000).as(file.toString()).isZero();
        }
        assertThat(top.resolve("bin/su")).exists();
    }

    @Test
    void linksStayLinksAndWhatTheyLeadToIsThere() throws IOException {
        Path top = directory.toRealPath().resolve("rootfs");
        Path data = Files.createDirectories(directory.toRealPath().resolve("data/versions"));
        Files.writeString(data.resolve("2"), "two");
        Path current = Files.createSymbolicLink(data.resolveSibling("current"), Path.of("versions/2"));
        build(top, List.of(Path.of("/bin/true")), List.of(current));
        Path inside = top.resolve(Path.of("/").relativize(current));

        assertThat(Files.isSymbolicLink(inside)).isTrue();
        assertThat(Files.readString(inside)).isEqualTo("two");
    }

    @Test
    void mistakesAreSaidAndNothingIsBuiltOver() {
        Path top = directory.resolve("rootfs");

        assertThatThrownBy(() -> build(top, List.of(Path.of("/bin/none")), List.of()))
                .isInstanceOf(RootfsException.class)
                .hasMessage("/bin/none is no program of this host");
        assertThat(Files.exists(top, LinkOption.NOFOLLOW_LINKS))
                .as("what was begun is removed")
                .isFalse();
        assertThatThrownBy(() -> build(directory, List.of(), List.of())).hasMessageContaining("is there already");
        assertThatThrownBy(() -> RootfsBuilder.User.parse("web")).hasMessageContaining("NAME:UID:GID");
    }
}
