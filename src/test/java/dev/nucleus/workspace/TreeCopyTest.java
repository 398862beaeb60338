package dev.nucleus.workspace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.support.Seeds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes into a container and what comes back. */
class TreeCopyTest {

    @TempDir
    private Path directory;

    private Path source;
    private Path copy;

    @BeforeEach
    void start() throws IOException {
        source = Files.createDirectory(directory.resolve("source"));
        copy = directory.resolve("copy");
    }

    private static void write(Path top, String path, String text) throws IOException {
        Path file = top.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private TreeCopy.Copied copyIn() {
        try (SourceDirectory opened = SourceDirectory.open(source)) {
            return TreeCopy.copy(opened, copy, directory.resolve("manifest"), TreeLimits.DEFAULT);
        }
    }

    private TreeReturn.Result bringBack(TreeManifest before) {
        return bringBack(before, TreeLimits.DEFAULT);
    }

    private TreeReturn.Result bringBack(TreeManifest before, TreeLimits limits) {
        try (SourceDirectory opened = SourceDirectory.open(source)) {
            return TreeReturn.bringBack(copy, opened, before, "0123456789abcdef", limits);
        }
    }

    private void refuseLinks() {
        try (SourceDirectory opened = SourceDirectory.open(source)) {
            TreeCopy.refuseLinks(opened);
        }
    }

    /** Regular files with their content and whether they may be run, and directories, by path. */
    private static SortedMap<String, String> contents(Path top) throws IOException {
        var contents = new TreeMap<String, String>();
        for (String path : below(top)) {
            Path file = top.resolve(path);
            contents.put(
                    path, Files.isDirectory(file) ? "directory" : Files.isExecutable(file) + Files.readString(file));
        }
        return contents;
    }

    private static List<String> below(Path top) throws IOException {
        try (Stream<Path> all = Files.walk(top)) {
            return all.filter(path -> !path.equals(top))
                    .map(path -> top.relativize(path).toString())
                    .sorted()
                    .toList();
        }
    }

    @Test
    void filesComeWithTheirContentAndWhetherTheyRun() throws IOException {
        write(source, "src/main.py", "print()");
        write(source, "run.sh", "#!/bin/sh");
        Files.setPosixFilePermissions(source.resolve("run.sh"), PosixFilePermissions.fromString("rwx------"));

        copyIn();

        assertThat(copy.resolve("src/main.py")).hasContent("print()");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(copy.resolve("run.sh"))))
                .isEqualTo("rwxr-xr-x");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(copy.resolve("src/main.py"))))
                .isEqualTo("rw-r--r--");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ".git/config",
                "target/x",
                "a/node_modules/b",
                "__pycache__/x",
                ".env",
                ".env.local",
                ".ssh/id",
                ".aws/x",
                "tls.pem",
                "TLS.PEM",
                "server.key",
                "store.jks",
                "my-Credentials.json",
                "client_SECRET",
                "id_private_key",
                "a/KubeConfig",
                ".netrc",
                ".x.swp"
            })
    void whatMayHoldASecretStaysOutside(String path) throws IOException {
        write(source, path, "x");
        write(source, "kept", "x");

        copyIn();

        assertThat(below(copy)).doesNotContain(path).contains("kept");
    }

    @Test
    void linksAreNotCopiedAndNotFollowed() throws IOException {
        Files.createSymbolicLink(source.resolve("passwd"), Path.of("/etc/passwd"));
        Files.createSymbolicLink(source.resolve("etc"), Path.of("/etc"));

        TreeCopy.Copied copied = copyIn();

        assertThat(below(copy)).isEmpty();
        assertThat(copied.skipped().first()).extracting(Skipped::why).containsExactly("a link", "a link");
    }

    @Test
    void aTreeThatIsTooDeepIsRefused() throws IOException {
        Path deep = source;
        for (int i = 0; i < 130; i++) {
            deep = Files.createDirectory(deep.resolve("d"));
        }

        assertThatThrownBy(this::copyIn).isInstanceOf(WorkspaceException.class).hasMessageContaining("128 directories");
    }

    @Test
    void aBoundContextHasNoLinks() throws IOException {
        write(source, "a/b", "x");
        refuseLinks();
        Files.createSymbolicLink(source.resolve("a/link"), Path.of("/etc/shadow"));

        assertThatThrownBy(this::refuseLinks).hasMessageContaining("a/link is a link");
    }

    @Test
    void changesComeBack() throws IOException {
        write(source, "changed", "before");
        write(source, "gone/file", "x");
        write(source, "same", "x");
        TreeManifest before = copyIn().manifest();
        write(copy, "changed", "after");
        write(copy, "new/file", "made");
        Files.delete(copy.resolve("gone/file"));
        Files.delete(copy.resolve("gone"));

        TreeReturn.Result result = bringBack(before);

        assertThat(below(source)).containsExactly("changed", "new", "new/file", "same");
        assertThat(source.resolve("changed")).hasContent("after");
        assertThat(result.changed().first()).containsExactly("changed", "new/", "new/file");
        assertThat(result.removed().first()).containsExactly("gone/file", "gone");
        assertThat(result.conflicts().first()).isEmpty();
    }

    @Test
    void whatBothSidesChangedIsTheHostsAndTheOthersIsBesideIt() throws IOException {
        write(source, "both", "before");
        write(source, "removed-there", "before");
        TreeManifest before = copyIn().manifest();
        write(copy, "both", "the container's");
        write(source, "both", "the host's");
        Files.delete(copy.resolve("removed-there"));
        write(source, "removed-there", "changed here");

        TreeReturn.Result result = bringBack(before);

        assertThat(source.resolve("both")).hasContent("the host's");
        assertThat(source.resolve("both.from-0123456789ab")).hasContent("the container's");
        assertThat(source.resolve("removed-there")).hasContent("changed here");
        assertThat(result.conflicts().first()).containsExactly("both", "removed-there");
    }

    @Test
    void hostileWorkDoesNotComeBack() throws IOException {
        write(source, "file", "before");
        TreeManifest before = copyIn().manifest();
        Path outside = Files.createDirectory(directory.resolve("outside"));
        write(copy, ".git/hooks/pre-commit", "evil");
        write(copy, "x.pem", "evil");
        Files.createSymbolicLink(copy.resolve("link"), outside);
        Files.delete(copy.resolve("file"));
        Files.createSymbolicLink(copy.resolve("file"), Path.of("/etc/shadow"));
        write(copy, "suid", "evil");
        Files.setAttribute(copy.resolve("suid"), "unix:mode", 04755);

        TreeReturn.Result result = bringBack(before);

        assertThat(below(source)).containsExactly("suid");
        assertThat((int) Files.getAttribute(source.resolve("suid"), "unix:mode") & 07000)
                .isZero();
        assertThat(result.leftOut().first())
                .extracting(Skipped::path)
                .containsExactlyInAnyOrder(".git", "x.pem", "link", "file");
        assertThat(below(outside)).isEmpty();
    }

    @Test
    void aLinkOnTheHostIsNotWrittenThrough() throws IOException {
        write(source, "directory/file", "before");
        TreeManifest before = copyIn().manifest();
        Path outside = Files.createDirectory(directory.resolve("outside"));
        write(copy, "directory/new", "made");
        Files.delete(source.resolve("directory/file"));
        Files.delete(source.resolve("directory"));
        Files.createSymbolicLink(source.resolve("directory"), outside);

        TreeReturn.Result result = bringBack(before);

        assertThat(below(outside)).isEmpty();
        assertThat(result.conflicts().first()).contains("directory/new");
        assertThat(Files.isSymbolicLink(source.resolve("directory"))).isTrue();
    }

    /** Somebody who may write to the directory has root write elsewhere, by a link that comes and goes (CVE-2018-15664). */
    @Test
    void aLinkThatComesAndGoesLeadsNowhere() throws Exception {
        Path outside = Files.createDirectory(directory.resolve("outside"));
        write(source, "place/kept", "x");
        TreeManifest before = copyIn().manifest();
        for (int i = 0; i < 40; i++) {
            write(copy, "place/file-" + i, "planted");
        }
        Path place = source.resolve("place");
        Path aside = source.resolve("aside");
        var stop = new java.util.concurrent.atomic.AtomicBoolean();
        var failure = new java.util.concurrent.atomic.AtomicReference<IOException>();
        Thread race = Thread.ofPlatform().start(() -> {
            try {
                while (!stop.get()) {
                    Files.move(place, aside);
                    Files.createSymbolicLink(place, outside);
                    Files.delete(place);
                    Files.move(aside, place);
                }
            } catch (IOException e) {
                failure.set(e);
            }
        });

        for (int round = 0; round < 20; round++) {
            try {
                bringBack(before);
            } catch (WorkspaceException e) {
                // A tree that changes under its feet may be told so; it must not be written beside.
                assertThat(e).hasMessageContaining("source");
            }
        }
        stop.set(true);
        race.join();

        assertThat(failure.get()).isNull();
        assertThat(below(outside)).isEmpty();
    }

    /** Whatever one side does alone, the host has afterwards. */
    @ParameterizedTest
    @MethodSource("dev.nucleus.support.Seeds#seeds")
    void randomChangesOfOneSideAreTheOutcome(long seed) throws IOException {
        RandomGenerator random = Seeds.random(seed);
        scribble(random, source, 12);
        TreeManifest before = copyIn().manifest();
        scribble(random, copy, 12);

        bringBack(before);

        assertThat(contents(source)).isEqualTo(contents(copy));
    }

    private static void scribble(RandomGenerator random, Path top, int times) throws IOException {
        List<Path> directories = new ArrayList<>(List.of(top));
        for (int i = 0; i < times; i++) {
            Path in = directories.get(random.nextInt(directories.size()));
            Path file = in.resolve("f" + random.nextInt(6));
            Path inner = in.resolve("d" + random.nextInt(3));
            switch (random.nextInt(4)) {
                case 0, 1 -> Files.writeString(file, "content " + random.nextInt(1000));
                case 2 -> Files.deleteIfExists(file);
                default -> {
                    if (!Files.exists(inner, LinkOption.NOFOLLOW_LINKS)) {
                        Files.createDirectory(inner);
                    }
                    directories.add(inner);
                }
            }
        }
    }
}
