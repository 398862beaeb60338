package dev.nucleus.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.kernel.Directory;
import dev.nucleus.support.Requires;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.AbstractList;
import java.util.Arrays;
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
    void aProgramKeepsItsPathAndBringsItsLibraries() throws Exception {
        Path top = directory.toRealPath().resolve("rootfs");
        RootfsBuilder.Result result = build(top, List.of(Path.of("/bin/sh")), List.of());

        assertThat(result.missing()).isEmpty();
        assertThat(top.resolve("bin/sh")).isExecutable();
        assertThat(Files.readSymbolicLink(top.resolve("lib64"))).isEqualTo(Path.of("usr/lib64"));
        assertThat(top.resolve("lib64/ld-linux-x86-64.so.2").toRealPath()).exists();
        assertThat(Files.readString(top.resolve("etc/passwd"))).contains("web:x:4711:4712:");
        assertThat(top.resolve("etc/resolv.conf")).as("networks need it").isEmptyFile();
        assertThat(RootfsAttestation.ofThisUser().verify(top)).isEqualTo(result.attestation());
    }

    @Test
    void nothingIsSetUserIdOrWritableByOthers() throws IOException {
        Path top = directory.toRealPath().resolve("rootfs");
        Path data = Files.createDirectories(directory.toRealPath().resolve("data"));
        Path shared = Files.writeString(data.resolve("shared"), "x");
        Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rw-rw-rw-"));
        build(top, List.of(Path.of("/bin/su")), List.of(data));

        try (Directory opened = Directory.open(top)) {
            RootfsSnapshot.of(opened, (path, status) -> {
                assertThat(status.isWritableByOthers()).as(path).isFalse();
                assertThat(status.mode() & 06000).as(path).isZero();
            });
        }
        assertThat(top.resolve("bin/su")).exists();
    }

    @Test
    void linksStayLinksAndTheirTargetsAreCopied() throws IOException {
        Path top = directory.toRealPath().resolve("rootfs");
        Path data = Files.createDirectories(directory.toRealPath().resolve("data/versions"));
        Files.writeString(data.resolve("2"), "two");
        Path current = Files.createSymbolicLink(data.resolveSibling("current"), Path.of("versions/2"));
        build(top, List.of(Path.of("/bin/true")), List.of(current));
        Path inside = top.resolve(Path.of("/").relativize(current));

        assertThat(Files.isSymbolicLink(inside)).isTrue();
        assertThat(Files.readString(inside)).isEqualTo("two");
    }

    /** A program that leaves a trace when it runs, and a file that names it as its interpreter. */
    @Test
    void theInterpreterOfACopiedFileIsNotExecuted() throws IOException {
        Path trace = directory.resolve("ran");
        Path data = Files.createDirectories(directory.toRealPath().resolve("data"));
        Path interpreter = Files.writeString(data.resolve("interpreter"), "#!/bin/sh\ntouch " + trace + "\n");
        Files.setPosixFilePermissions(interpreter, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path hostile = Files.write(
                data.resolve("hostile"),
                new ElfBuilder()
                        .interpreter(interpreter.toString())
                        .needs("libc.so.6")
                        .build());
        Files.setPosixFilePermissions(hostile, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path top = directory.toRealPath().resolve("rootfs");

        RootfsBuilder.Result result = build(top, List.of(), List.of(data));

        assertThat(trace).doesNotExist();
        assertThat(result.missing())
                .containsExactly("the dynamic loader " + interpreter
                        + ", which is not a program of root's in this host's library directories");
        assertThat(top.resolve(Path.of("/").relativize(hostile))).hasSameBinaryContentAs(hostile);
        assertThat(top.resolve("lib/x86_64-linux-gnu/libc.so.6").toRealPath()).exists();

        Path second = directory.resolve("second");
        assertThatThrownBy(() -> build(second, List.of(hostile), List.of()))
                .hasMessageContaining("the dynamic loader " + interpreter);
        assertThat(trace).doesNotExist();
        assertThat(second).doesNotExist();
    }

    @Test
    void namedPipesAreSkippedWithoutBlocking() throws Exception {
        Path data = Files.createDirectories(directory.toRealPath().resolve("data"));
        Path pipe = data.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        Files.createSymbolicLink(data.resolve("link"), pipe);
        Files.writeString(data.resolve("file"), "x");
        Path top = directory.toRealPath().resolve("rootfs");

        RootfsBuilder.Result result = build(top, List.of(), List.of(data));

        assertThat(result.leftOut()).containsExactly(pipe + " is a named pipe");
        assertThat(inside(top, data.resolve("file"))).hasContent("x");
        assertThat(inside(top, pipe)).doesNotExist();
    }

    /** A link that its owner could point at any of root's files is copied as a link, without its target. */
    @Test
    void linksOfOthersThatLeadOutOfTheTreeAreNotFollowed() throws IOException {
        Requires.root();
        Path secret = Files.writeString(directory.toRealPath().resolve("secret"), "only for root");
        Path data = Files.createDirectories(directory.toRealPath().resolve("data"));
        Files.createSymbolicLink(data.resolve("out"), secret);
        Files.createSymbolicLink(data.resolve("within"), Path.of("own"));
        Files.writeString(data.resolve("own"), "own");
        for (String name : new String[] {"", "out", "within", "own"}) {
            Files.setAttribute(data.resolve(name), "unix:uid", 65_534, LinkOption.NOFOLLOW_LINKS);
        }
        Path top = directory.toRealPath().resolve("rootfs");

        RootfsBuilder.Result result = build(top, List.of(), List.of(data));

        assertThat(inside(top, secret)).doesNotExist();
        assertThat(Files.isSymbolicLink(inside(top, data.resolve("out")))).isTrue();
        assertThat(inside(top, data.resolve("within"))).hasContent("own");
        assertThat(result.leftOut()).singleElement().asString().contains(data + "/out", "user 65534");
        assertThatThrownBy(() -> build(directory.resolve("other"), List.of(), List.of(data.resolve("out"))))
                .as("to name the link itself is an error")
                .hasMessageContaining("user 65534");
    }

    /** The link is copied first, then its owner replaces it with a directory; the built tree still has the link. */
    @Test
    void nothingIsWrittenThroughACopiedLink() throws IOException {
        Path elsewhere = Files.createDirectories(directory.toRealPath().resolve("elsewhere"));
        Path data = Files.createDirectories(directory.toRealPath().resolve("data"));
        Path exchanged = Files.createSymbolicLink(data.resolve("exchanged"), elsewhere);
        Path top = directory.toRealPath().resolve("rootfs");
        List<Path> copies = new AbstractList<>() {
            @Override
            public Path get(int index) {
                if (index == 1) {
                    replaceWithDirectory(exchanged);
                }
                return index == 0 ? data : exchanged;
            }

            @Override
            public int size() {
                return 2;
            }
        };

        assertThatThrownBy(() -> build(top, List.of(), copies))
                .isInstanceOf(RootfsException.class)
                .hasMessageContaining("exchanged");
        assertThat(exchanged.resolve("planted")).exists();
        assertThat(elsewhere).isEmptyDirectory();
    }

    private static void replaceWithDirectory(Path link) {
        try {
            Files.delete(link);
            Files.writeString(Files.createDirectory(link).resolve("planted"), "x");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aFileBeyondTheSizeLimitIsNotCopied() throws IOException {
        Path huge = directory.toRealPath().resolve("huge");
        try (var file = new RandomAccessFile(huge.toFile(), "rw")) {
            file.setLength(1L << 42);
        }
        Path top = directory.resolve("rootfs");

        assertThatThrownBy(() -> build(top, List.of(), List.of(huge))).hasMessageContaining("more than 16 GiB");
        assertThat(top).doesNotExist();
    }

    @Test
    void aTreeThatContainsTheRootfsBeingBuiltIsCopiedOnce() throws IOException {
        Path data = Files.createDirectories(directory.toRealPath().resolve("data"));
        Files.writeString(data.resolve("file"), "x");
        Path top = data.resolve("rootfs");

        build(top, List.of(), List.of(data));

        assertThat(inside(top, data.resolve("file"))).hasContent("x");
        assertThat(inside(top, top)).isEmptyDirectory();
    }

    @Test
    void damagedElfFilesAreCopiedAndReported() throws IOException {
        Path data = Files.createDirectories(directory.toRealPath().resolve("data"));
        byte[] whole = new ElfBuilder().needs("libc.so.6").build();
        Path damaged = Files.write(data.resolve("damaged.so"), Arrays.copyOf(whole, whole.length - 9));
        Path top = directory.toRealPath().resolve("rootfs");

        RootfsBuilder.Result result = build(top, List.of(), List.of(data));

        assertThat(result.missing())
                .singleElement()
                .asString()
                .startsWith("the libraries of " + damaged + ", which is damaged: ");
        assertThat(inside(top, damaged)).exists();
    }

    @Test
    void nothingIsBuiltWhereOthersCouldReplaceIt() throws IOException {
        Path shared = Files.createDirectory(directory.toRealPath().resolve("shared"));
        Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxrwxrwx"));
        Path top = shared.resolve("rootfs");

        assertThatThrownBy(() -> build(top, List.of(Path.of("/bin/true")), List.of()))
                .isInstanceOf(RootfsException.class)
                .hasMessageContaining(shared.toString());
        assertThat(top).doesNotExist();
    }

    private static Path inside(Path top, Path host) {
        return top.resolve(Path.of("/").relativize(host));
    }

    @Test
    void mistakesAreReportedAndNothingIsOverwritten() {
        Path top = directory.resolve("rootfs");

        assertThatThrownBy(() -> build(top, List.of(Path.of("/bin/none")), List.of()))
                .isInstanceOf(RootfsException.class)
                .hasMessage("/bin/none is not a program on this host");
        assertThat(Files.exists(top, LinkOption.NOFOLLOW_LINKS))
                .as("the partial tree is removed")
                .isFalse();
        assertThatThrownBy(() -> build(directory, List.of(), List.of())).hasMessageContaining("already exists");
        assertThatThrownBy(() -> RootfsBuilder.User.parse("web")).hasMessageContaining("NAME:UID:GID");
        assertThatThrownBy(() -> RootfsBuilder.User.parse("web:4294967295:1")).hasMessageContaining("2147483647");
    }
}
