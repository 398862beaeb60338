package dev.nucleus.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.support.Requires;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SharedLibrariesTest {

    private static final Pattern LISTED = Pattern.compile("\\s*(?:\\S+ => )?(/\\S+) \\(0x[0-9a-f]+\\)");

    @TempDir
    private Path directory;

    private final SharedLibraries libraries = new SharedLibraries(new LoaderCache(Map.of()));

    @BeforeEach
    void resolveDirectory() throws IOException {
        directory = directory.toRealPath();
    }

    private SharedLibraries.Needed of(Path file) throws IOException {
        return of(libraries, file);
    }

    private static SharedLibraries.Needed of(SharedLibraries libraries, Path file) throws IOException {
        try (FileChannel content = FileChannel.open(file)) {
            return libraries.of(file, ElfFile.read(content).orElseThrow());
        }
    }

    private Path library(String path, ElfBuilder elf) throws IOException {
        Path file = directory.resolve(path);
        Files.createDirectories(file.getParent());
        return Files.write(file, elf.build());
    }

    /** For this host's own programs, which are safe to pass to the loader. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "/bin/sh",
                "/usr/bin/python3",
                "/usr/sbin/nginx",
                "/usr/bin/redis-server",
                "/usr/lib/postgresql/15/bin/postgres",
                "/bin/mount",
                "java"
            })
    void theLoaderFindsTheSameLibraries(String name) throws Exception {
        Path program = name.equals("java")
                ? Path.of(System.getProperty("java.home"), "bin", "java").toRealPath()
                : Path.of(name);
        Requires.program(program.toString(), "whichever has it");
        Set<Path> listed = new TreeSet<>();
        Process loader = new ProcessBuilder("/lib64/ld-linux-x86-64.so.2", "--list", program.toString()).start();
        for (String line : new String(loader.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList()) {
            var library = LISTED.matcher(line);
            if (library.matches()) {
                listed.add(Path.of(library.group(1)).toRealPath());
            }
        }

        SharedLibraries.Needed needed = of(new SharedLibraries(LoaderCache.ofThisHost()), program.toRealPath());

        assertThat(needed.missing()).isEmpty();
        Set<Path> found = new TreeSet<>();
        for (Path library : needed.found()) {
            found.add(library.toRealPath());
        }
        assertThat(listed).isNotEmpty();
        assertThat(found).isEqualTo(listed);
    }

    @Test
    void aRunpathAppliesToOneFileAndAnRpathToItsDependenciesToo() throws IOException {
        Path inner = library("lib/libinner.so", new ElfBuilder());
        Path outer = library("lib/libouter.so", new ElfBuilder().needs("libinner.so"));
        Path byRpath =
                library("bin/a", new ElfBuilder().needs("libouter.so").with(ElfBuilder.DT_RPATH, "$ORIGIN/../lib"));
        Path byRunpath =
                library("bin/b", new ElfBuilder().needs("libouter.so").with(ElfBuilder.DT_RUNPATH, "${ORIGIN}/../lib"));

        assertThat(of(byRpath).missing()).isEmpty();
        assertThat(of(byRpath).found()).extracting(Path::normalize).contains(outer, inner);
        assertThat(of(byRunpath).missing())
                .containsExactly("libinner.so, needed by " + directory + "/bin/../lib/libouter.so");
    }

    @Test
    void aLibraryNeededByPathIsTakenFromThatPath() throws IOException {
        Path library = library("elsewhere/libx.so", new ElfBuilder());

        assertThat(of(library("a", new ElfBuilder().needs(library.toString()))).found())
                .contains(library);
        assertThat(of(library("b", new ElfBuilder().needs("./libx.so"))).missing())
                .as("relative to an unknown directory")
                .hasSize(1);
    }

    @Test
    void theCacheComesBeforeTheDefaultDirectories() throws IOException {
        Path cached = library("cached/libc.so.6", new ElfBuilder());
        var withCache = new SharedLibraries(LoaderCache.parse(cache("libc.so.6", cached.toString())));
        Path program = library("a", new ElfBuilder().needs("libc.so.6"));

        assertThat(of(withCache, program).found()).contains(cached);
        assertThat(of(program).found()).doesNotContain(cached).hasSizeGreaterThan(1);
    }

    /** A cache of one library, as ldconfig writes it. */
    private static byte[] cache(String name, String path) {
        byte[] strings = (name + "\0" + path + "\0").getBytes(StandardCharsets.UTF_8);
        int stringsAt = 48 + 24;
        return ByteBuffer.allocate(stringsAt + strings.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put("glibc-ld.so.cache1.1".getBytes(StandardCharsets.US_ASCII))
                .putInt(1)
                .putInt(strings.length)
                .position(48)
                .putInt(0x0303)
                .putInt(stringsAt)
                .putInt(stringsAt + name.length() + 1)
                .putInt(0)
                .putLong(0)
                .put(strings)
                .array();
    }

    @Test
    void aTruncatedCacheYieldsNoLibraries() {
        byte[] whole = cache("libx.so", "/usr/lib/libx.so");
        assertThat(LoaderCache.parse(whole).libraries()).containsEntry("libx.so", Path.of("/usr/lib/libx.so"));
        for (int length = 0; length < whole.length; length++) {
            assertThat(LoaderCache.parse(Arrays.copyOf(whole, length)).libraries())
                    .isEmpty();
        }
    }

    @Test
    void filesThatAreNotLibrariesCountAsMissing() throws Exception {
        Path secret = Files.writeString(directory.resolve("secret"), "only for root");
        Path pipe = directory.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        Path program = library(
                "a", new ElfBuilder().needs(secret.toString(), pipe.toString(), directory.toString(), "/dev/zero"));

        assertThat(of(program).missing()).hasSize(4);
        assertThat(of(program).found()).singleElement().asString().startsWith("/lib64/ld-linux");
    }

    @Test
    void librariesThatNeedEachOtherAreFoundOnce() throws IOException {
        library("liba.so", new ElfBuilder().needs("libb.so").with(ElfBuilder.DT_RUNPATH, "$ORIGIN"));
        library("libb.so", new ElfBuilder().needs("liba.so", "libb.so").with(ElfBuilder.DT_RUNPATH, "$ORIGIN"));

        SharedLibraries.Needed needed = of(directory.resolve("liba.so"));

        assertThat(needed.missing()).isEmpty();
        assertThat(new HashSet<>(needed.found())).hasSameSizeAs(needed.found());
    }

    @Test
    void anEndlessChainOfLibrariesIsRefused() throws IOException {
        for (int i = 0; i < 1_100; i++) {
            library(
                    "lib" + i + ".so",
                    new ElfBuilder().needs("lib" + (i + 1) + ".so").with(ElfBuilder.DT_RUNPATH, "$ORIGIN"));
        }

        assertThatThrownBy(() -> of(directory.resolve("lib0.so")))
                .isInstanceOf(RootfsException.class)
                .hasMessageContaining("more than 1000 libraries");
    }

    @Test
    void aLinkOfAnotherUserIsFollowedOnlyWithinItsDirectory() throws IOException {
        Requires.root();
        Path versions = Files.createDirectory(directory.resolve("versions"));
        library("versions/libx.so.1.2", new ElfBuilder());
        library("private/liby.so", new ElfBuilder());
        Path beside = Files.createSymbolicLink(versions.resolve("libx.so.1"), Path.of("libx.so.1.2"));
        Path away = Files.createSymbolicLink(versions.resolve("liby.so"), directory.resolve("private/liby.so"));
        for (Path path : new Path[] {versions, beside, away}) {
            Files.setAttribute(path, "unix:uid", 65_534, LinkOption.NOFOLLOW_LINKS);
        }
        Path program = library(
                "a", new ElfBuilder().needs("libx.so.1", "liby.so").with(ElfBuilder.DT_RUNPATH, versions.toString()));

        assertThat(of(program).found()).contains(beside).doesNotContain(away);
        assertThat(of(program).missing()).containsExactly("liby.so, needed by " + program);
    }

    @Test
    void libraryNamesAreEscaped() throws IOException {
        Path program = library("a", new ElfBuilder().needs("\u001b[2Jx\u202e\n"));

        assertThat(of(program).missing()).containsExactly("\\x1b[2Jx\\u202e\\x0a, needed by " + program);
    }
}
