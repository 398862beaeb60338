package dev.nucleus.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.Command;
import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.ManagerProcess.Result;
import dev.nucleus.support.Requires;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code nucleus cp} between this host and containers that may be hostile. */
@Tag("isolation")
class CopyCommandTest {

    @TempDir
    private static Path directory;

    private static ManagerProcess manager;
    private static Path volume;

    @TempDir
    private Path scratch;

    @BeforeAll
    static void start() throws IOException {
        Requires.root();
        manager = new ManagerProcess(directory).awaitReady();
        volume = Files.createDirectory(directory.resolve("volume"));
        Files.setPosixFilePermissions(volume, PosixFilePermissions.fromString("rwxrwxrwx"));
        runDetached("web", "-v", volume + ":/volume");
    }

    @AfterAll
    static void stop() {
        if (manager != null) {
            manager.nucleus("stop", "web");
            manager.close();
        }
    }

    private static void runDetached(String name, String... options) {
        var words = new ArrayList<>(List.of("run", "-d", "--name", name));
        words.addAll(List.of(options));
        words.addAll(List.of("--", "/bin/sleep", "1000"));
        Result started = manager.nucleus(words.toArray(String[]::new));
        assertThat(started.code()).as(started.err()).isZero();
    }

    private static String inside(String container, String script) {
        Result result = manager.nucleus("exec", "-n", container, "--", "/bin/sh", "-c", script);
        assertThat(result.code()).as(result.err()).isZero();
        return result.out();
    }

    private static Result copy(Object... words) {
        var arguments = new ArrayList<>(List.of("cp"));
        for (Object word : words) {
            arguments.add(word.toString());
        }
        return manager.nucleus(arguments.toArray(String[]::new));
    }

    private static final Result WHOLE = new Result(0, "", "");

    @Test
    void treesAreCopiedInAndOut() throws IOException {
        Path tree = Files.createDirectories(scratch.resolve("tree/deep"));
        Path file = Files.writeString(tree.resolve("größe"), "text");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-----"));
        Files.setLastModifiedTime(file, FileTime.from(Instant.ofEpochSecond(1_000_000_000, 250_000_000)));
        Files.write(tree.resolve("large"), new byte[3_000_000]);

        assertThat(copy("-a", scratch.resolve("tree"), "web:/tmp/in")).isEqualTo(WHOLE);
        assertThat(inside("web", "stat -c '%a %Y %u' /tmp/in/deep/größe; id -u"))
                .matches("740 1000000000 (\\d+)\n\\1\n");
        assertThat(copy("-a", "web:/tmp/in", scratch)).isEqualTo(WHOLE);

        Path back = scratch.resolve("in/deep/größe");
        assertThat(back).hasContent("text");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(back)))
                .isEqualTo("rwxr-----");
        assertThat(Files.getLastModifiedTime(back)).isEqualTo(Files.getLastModifiedTime(file));
        assertThat(scratch.resolve("in/deep/large")).hasSize(3_000_000);
    }

    @Test
    void destinationNamesFollowCp() throws IOException {
        inside("web", "mkdir -p /tmp/names/d; echo one >/tmp/names/f; echo two >/tmp/names/d/g");

        assertThat(copy("web:/tmp/names/f", scratch)).isEqualTo(WHOLE);
        assertThat(scratch.resolve("f")).hasContent("one\n");
        assertThat(copy("web:/tmp/names/f", scratch.resolve("renamed"))).isEqualTo(WHOLE);
        assertThat(scratch.resolve("renamed")).hasContent("one\n");
        assertThat(copy("web:tmp/names/d/.", scratch)).isEqualTo(WHOLE);
        assertThat(scratch.resolve("g")).hasContent("two\n");
        assertThat(copy("web:/tmp/names", scratch.resolve("nosuch/") + "/").err())
                .contains("nosuch/': No such file or directory");
        assertThat(copy("-v", "--", scratch.resolve("f"), "web:/tmp/names/d/g").code())
                .isZero();
        assertThat(inside("web", "cat /tmp/names/d/g")).isEqualTo("one\n");
    }

    @Test
    void linksSocketsAndSetIdBitsAreNotCopiedOut() throws IOException {
        inside("web", """
                mkdir -p /tmp/evil/d; cd /tmp/evil
                ln -s /etc/shadow link; ln -s /etc d/up; echo x >"$(printf 'a\\033[2Jb')"
                chmod 1777 d
                perl -e 'use Socket; socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, pack_sockaddr_un("so"))'
                """);

        Path set = Files.writeString(volume.resolve("set"), "x");
        Files.setAttribute(set, "unix:mode", 06777);

        Result copied = copy("-a", "web:/tmp/evil", scratch);
        Result privileged = copy("-a", "web:/volume/set", scratch);

        assertThat(copied.code()).as(copied.err()).isZero();
        assertThat(copied.err())
                .contains("left out: 'evil/link': a symbolic link to /etc/shadow", "'evil/so': a socket")
                .doesNotContain("\033");
        Path tree = scratch.resolve("evil");
        assertThat(Files.exists(tree.resolve("link"), LinkOption.NOFOLLOW_LINKS))
                .isFalse();
        assertThat(Files.exists(tree.resolve("d/up"), LinkOption.NOFOLLOW_LINKS))
                .isFalse();
        assertThat(privileged.err()).contains("left out: 'set': its set-user-ID or set-group-ID bit");
        assertThat((int) Files.getAttribute(scratch.resolve("set"), "unix:mode") & 07777)
                .isEqualTo(0777);
        assertThat((int) Files.getAttribute(tree.resolve("d"), "unix:mode") & 07777)
                .isEqualTo(0777);

        assertThat(copy("web:/tmp/evil/link", scratch).err()).contains("is a symbolic link to '/etc/shadow'");
        assertThat(copy("web:/tmp/evil/d/up/passwd", scratch).err()).contains("'/tmp/evil/d/up' in the container");
        assertThat(copy("web:/tmp/../etc/passwd", scratch).err()).contains("must not contain '..'");
    }

    @Test
    void linksMadeByAContainerAreNotFollowedOnTheHost() throws IOException {
        Path victim = Files.createDirectory(scratch.resolve("victim"));
        Files.writeString(victim.resolve("f"), "mine");
        inside(
                "web",
                "cd /volume; mkdir -p to from; ln -sfn " + victim + " to/d; ln -sfn " + victim + "/f to/f; "
                        + "ln -sfn " + victim
                        + " from/l; mkdir -p /tmp/src/d; echo evil >/tmp/src/d/f; echo evil >/tmp/src/f");

        Result copied = copy("web:/tmp/src/.", volume.resolve("to"));

        assertThat(copied.code()).isEqualTo(1);
        assertThat(copied.err()).contains("can't write 'd': a symbolic link is there");
        assertThat(victim.resolve("f")).hasContent("mine");
        assertThat(volume.resolve("to/f")).isRegularFile().hasContent("evil\n");
        assertThat(copy("web:/tmp/src/f", volume.resolve("to/d")).err()).contains("links are not followed");
        // In the other direction, no file of the host is copied in through a link.
        assertThat(copy(volume.resolve("from"), "web:/tmp/")).isEqualTo(WHOLE);
        assertThat(inside("web", "readlink /tmp/from/l; ls /tmp/from/l/ 2>/dev/null || true"))
                .isEqualTo(victim + "\n");
        assertThat(copy(volume.resolve("from/l"), "web:/tmp/").err()).contains("links are not followed");
    }

    @Test
    void archivesAreCopiedThroughStandardStreams() throws IOException {
        inside("web", "mkdir -p /tmp/archive; echo text >/tmp/archive/f; ln -s f /tmp/archive/l");
        String client = ManagerProcess.CLIENT + " --socket " + manager.socket() + " cp ";

        Result listed = shell(client + "web:/tmp/archive - | tar -t");
        assertThat(listed.out()).isEqualTo("archive/\narchive/f\n");
        Files.writeString(scratch.resolve("f"), "f");
        Files.createLink(scratch.resolve("h"), scratch.resolve("f"));
        Files.createSymbolicLink(scratch.resolve("l"), Path.of("f"));
        String name = "n".repeat(120);
        Files.writeString(Files.createDirectory(scratch.resolve(name)).resolve(name), "long");
        for (String format : List.of("gnu", "pax")) {
            inside("web", "rm -rf /tmp/unpacked; mkdir /tmp/unpacked");
            Result sent = shell("set -o pipefail; tar -c --format=" + format + " -C " + scratch + " . | " + client
                    + "- web:/tmp/unpacked");
            assertThat(sent).as(format).isEqualTo(WHOLE);
            assertThat(inside("web", "cd /tmp/unpacked; cat h l n*/n*; stat -c %h f"))
                    .isEqualTo("fflong2\n");
        }
        Result escaping = shell("tar -cP --transform 's,^,../,' -C " + scratch + " f | " + client + "- web:/tmp");
        assertThat(escaping.err()).contains("left out: '../f': a name with '..'");
        assertThat(shell("echo nothing | " + client + "- web:/tmp").code()).isEqualTo(1);
        assertThat(shell(client + "web:/bin/../etc/passwd - >/dev/full").code()).isEqualTo(1);
        assertThat(shell(client + "web:/etc/passwd - >/dev/full"))
                .satisfies(full -> assertThat(full.code()).isEqualTo(1))
                .satisfies(full -> assertThat(full.err()).contains("No space left on device"));
    }

    private static Result shell(String script) throws IOException {
        return ManagerProcess.finish(new ProcessBuilder("bash", "-c", script).start());
    }

    /** The tar header of a file of one gibibyte (tar(5)). */
    private static byte[] header() {
        var header = new byte[512];
        byte[] fields = ("f" + "\0".repeat(99) + "0000644\0" + "0000000\0" + "0000000\0" + "10000000000\0"
                        + "00000000000\0" + "        " + "0" + "\0".repeat(100) + "ustar\0" + "00")
                .getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(fields, 0, header, 0, fields.length);
        int sum = 0;
        for (byte one : header) {
            sum += one & 0xff;
        }
        System.arraycopy("%06o\0 ".formatted(sum).getBytes(StandardCharsets.ISO_8859_1), 0, header, 148, 8);
        return header;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anInterruptedCopyInLeavesNothing(boolean gently) throws Exception {
        inside("web", "rm -rf /tmp/cut; mkdir /tmp/cut");
        Process client = manager.start("cp", "-", "web:/tmp/cut");
        OutputStream input = client.getOutputStream();
        input.write(header());
        input.write(new byte[1 << 20]);
        input.flush();
        Awaitility.await().until(() -> inside("web", "ls -A /tmp/cut").startsWith(".nucleus-cp-"));

        if (gently) {
            client.toHandle().destroy();
        } else {
            client.toHandle().destroyForcibly();
        }

        assertThat(client.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(client.exitValue()).isEqualTo(gently ? 143 : 137);
        Awaitility.await().until(() -> inside("web", "ls -A /tmp/cut").isEmpty());
    }

    /** A file with more parts than an archive lists, so that most of its last hole is copied as zeros. */
    private static void makeHugeFile() throws IOException {
        try (var file = new RandomAccessFile(volume.resolve("endless").toFile(), "rw")) {
            for (long at = 0; at < 16_500; at++) {
                file.seek(at << 13);
                file.write('x');
            }
            file.setLength(60L << 30);
        }
    }

    /** With more parts than an archive lists, its last hole would be sent as zeros, without an end. */
    @Test
    void aFileThatIsMostlyHolesBetweenTooManyPartsIsRefused() throws IOException {
        makeHugeFile();
        try (var file = new RandomAccessFile(volume.resolve("endless").toFile(), "rw")) {
            file.setLength(5L << 40);
        }

        assertThat(copy("web:/volume/endless", scratch))
                .isEqualTo(new Result(1, "", "nucleus: can't copy the holes of 'endless': File too large\n"));
        assertThat(scratch).isEmptyDirectory();
        inside("web", "rm /volume/endless");
    }

    /** None of its holes is sent: 4 TiB of zeros would take an hour. */
    @Test
    @Timeout(60)
    void sparseFilesStaySparseBothWays() throws IOException {
        Path sparse = scratch.resolve("sparse");
        try (var file = new RandomAccessFile(sparse.toFile(), "rw")) {
            file.seek(1L << 41);
            file.writeBytes("middle");
            file.setLength(1L << 42);
        }

        assertThat(copy(sparse, "web:/volume/in")).isEqualTo(WHOLE);
        assertThat(inside("web", "stat -c %s /volume/in; tail -c +2199023255553 /volume/in | head -c 6"))
                .isEqualTo("4398046511104\nmiddle");
        assertThat(copy("web:/volume/in", scratch.resolve("out"))).isEqualTo(WHOLE);
        assertThat(shell("du -k " + scratch + "/out | cut -f 1; stat -c %s " + scratch + "/out; "
                                + "tail -c +2199023255553 " + scratch + "/out | head -c 6")
                        .out())
                .matches("\\d{1,2}\n4398046511104\nmiddle");
        inside("web", "rm /volume/in");
    }

    /** GNU tar reads a sparse file out of our archive, and we read one out of its. */
    @Test
    void sparseFilesAreExchangedWithGnuTar() throws IOException {
        String client = ManagerProcess.CLIENT + " --socket " + manager.socket() + " cp ";
        inside(
                "web",
                "mkdir /tmp/sparse && cd /tmp/sparse && truncate -s 8M f && printf middle"
                        + " | dd of=f bs=1 seek=3000000 conv=notrunc status=none");

        assertThat(shell("set -o pipefail; " + client + "web:/tmp/sparse - | tar -x -C " + scratch))
                .isEqualTo(WHOLE);
        assertThat(shell("set -o pipefail; tar -c --sparse --format=posix -C " + scratch + "/sparse . | " + client
                        + "- web:/tmp/sparse"))
                .isEqualTo(WHOLE);

        Path out = scratch.resolve("sparse/f");
        assertThat(out).hasSize(8 << 20);
        assertThat(inside("web", "sha256sum < /tmp/sparse/f"))
                .isEqualTo(shell("sha256sum < " + out).out());
        assertThat(inside("web", "tail -c +3000001 /tmp/sparse/f | head -c 6; rm -r /tmp/sparse"))
                .isEqualTo("middle");
    }

    /** The error names the reason, not the signal. */
    @Test
    void aCopyFromAContainerThatEndsIsIncomplete() throws Exception {
        runDetached("short", "-v", volume + ":/volume");
        makeHugeFile();
        Process client = manager.start("cp", "short:/volume/endless", scratch.toString());
        Awaitility.await().until(() -> scratch.toFile().list().length == 1);

        assertThat(manager.nucleus("rm", "-f", "short").code()).isZero();

        Result result = ManagerProcess.finish(client);
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("the copy is incomplete").contains("the container ended");
        assertThat(scratch).isEmptyDirectory();
        inside("web", "rm /volume/endless");
    }

    @Test
    void anInterruptedCopyOutKeepsTheOldFile() throws Exception {
        Files.writeString(scratch.resolve("endless"), "old");
        makeHugeFile();
        Process client = manager.start("cp", "web:/volume/endless", scratch.toString());
        Awaitility.await().until(() -> scratch.toFile().list().length == 2);

        client.toHandle().destroy();

        assertThat(client.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(scratch.toFile().list()).containsExactly("endless");
        assertThat(scratch.resolve("endless")).hasContent("old");
        inside("web", "rm /volume/endless");
    }

    /** As after Ctrl-Z: a stopped process does not handle SIGTERM. */
    @Test
    void aCopyWhoseUnpackingProcessIsStoppedCanBeInterrupted() throws Exception {
        makeHugeFile();
        Process client = manager.start("cp", "web:/volume/endless", scratch.toString());
        Awaitility.await().until(() -> scratch.toFile().list().length == 1);
        ProcessHandle unpacking = client.children().findFirst().orElseThrow();
        Command.run("kill", "-STOP", Long.toString(unpacking.pid()));

        client.toHandle().destroy();

        assertThat(client.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(scratch).isEmptyDirectory();
        inside("web", "rm /volume/endless");
    }

    @Test
    void onlyRunningContainersCanBeCopiedFrom() {
        runDetached("still");
        manager.nucleus("pause", "still");
        assertThat(copy("still:/etc/passwd", scratch).err()).contains("'still' is paused; resume it first");
        manager.nucleus("resume", "still");
        manager.nucleus("stop", "still");
        assertThat(copy("still:/etc/passwd", scratch).err()).contains("'still' is not running (stopped)");
        manager.nucleus("rm", "still");

        assertThat(copy("nosuch:/x", scratch).code()).isEqualTo(125);
        assertThat(copy("web:/x", "web:/y").err()).contains("not from one container to another");
        assertThat(copy("/x", "/y").err()).contains("CONTAINER:PATH");
        assertThat(copy("web:/nosuch", scratch))
                .isEqualTo(new Result(
                        1, "", "nucleus: can't open '/nosuch' in the container: No such file or directory\n"));
        assertThat(copy(scratch, "web:/etc/"))
                .satisfies(refused -> assertThat(refused.err()).contains("Read-only file system"));
    }

    @Test
    void filesAreCopiedToAndFromAGvisorSandbox() throws IOException {
        Requires.program("/usr/bin/runsc", "runsc");
        runDetached("sandbox", "--runtime", "gvisor", "--memory", "256M", "--cpus", "2");
        Path tree = Files.createDirectories(scratch.resolve("tree/d"));
        Files.writeString(tree.resolve("f"), "text");

        assertThat(copy("-a", scratch.resolve("tree"), "sandbox:/tmp")).isEqualTo(WHOLE);
        assertThat(inside("sandbox", "cat /tmp/tree/d/f; ln -s /etc/shadow /tmp/tree/l"))
                .isEqualTo("text");
        Result copied = copy("sandbox:/tmp/tree", scratch.resolve("back"));

        assertThat(copied)
                .isEqualTo(new Result(0, "", "nucleus: left out: 'tree/l': a symbolic link to /etc/shadow\n"));
        assertThat(scratch.resolve("back/d/f")).hasContent("text");
        assertThat(copy("sandbox:/tmp/nosuch", scratch).code()).isEqualTo(1);
        manager.nucleus("stop", "sandbox");
    }
}
