package dev.nucleus.startup;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreparedJarTest {

    @TempDir
    Path directory;

    private PreparedJar prepared;
    private Path library;

    @BeforeEach
    void prepare() throws IOException {
        prepared = PreparedJar.of(Files.writeString(directory.resolve("nucleus.jar"), "jar"));
        Files.createDirectories(prepared.directory().resolve("lib"));
        Files.writeString(prepared.classes(), "classes");
        Files.writeString(prepared.cache(), "cache");
        prepared.writeScript(Path.of("/opt/jdk/bin/java"));
        assertThat(prepared.present()).isFalse();
        library = Files.writeString(prepared.directory().resolve("lib/some.jar"), "library");
        permit(library, "rw-rw-rw-");
        prepared.seal();
    }

    private static void permit(Path part, String permissions) throws IOException {
        Files.setPosixFilePermissions(part, PosixFilePermissions.fromString(permissions));
    }

    @Test
    void aCompletePreparedJarOfTheSameBuildIsAccepted() throws IOException {
        assertThat(prepared.present()).isTrue();
        assertThat(prepared.rejectionReason()).isEmpty();
    }

    @Test
    void theStartScriptWorksThroughALink() throws IOException, InterruptedException {
        Path java = Files.writeString(directory.resolve("java"), "#!/bin/sh\necho \"$@\"\n");
        permit(java, "rwxr-xr-x");
        prepared.writeScript(java);
        Path link = Files.createSymbolicLink(directory.resolve("nucleus-manager"), prepared.script());
        ProcessBuilder start = new ProcessBuilder(link.toString(), "--server.port=1", "a b");
        start.environment().put("NUCLEUS_JAVA_OPTIONS", "-Xmx1g -Da=b");

        Process process = start.start();
        assertThat(process.inputReader().readLine())
                .isEqualTo("-XX:AOTCache=" + prepared.cache() + " -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xms128m "
                        + "-Xmx1g -Da=b -jar " + prepared.classes() + " --server.port=1 a b");
        assertThat(process.waitFor()).isZero();
    }

    @Test
    void aPreparedJarOfAnotherBuildIsRejected() throws IOException {
        Files.setLastModifiedTime(prepared.jar(), FileTime.from(Instant.parse("2020-01-01T00:00:00Z")));
        assertThat(prepared.rejectionReason())
                .hasValueSatisfying(reason -> assertThat(reason).contains("another build of the jar"));
    }

    @Test
    void aPreparedJarWithAPartWritableByOthersIsRejected() throws IOException {
        permit(prepared.cache(), "rw-rw-r--");
        assertThat(prepared.rejectionReason())
                .hasValueSatisfying(reason -> assertThat(reason).contains("start.aot may be written to by others"));
        permit(prepared.cache(), "rw-r--r--");
        permit(library, "rw-r--rw-");
        assertThat(prepared.rejectionReason())
                .hasValueSatisfying(reason -> assertThat(reason).contains("some.jar may be written to by others"));
        permit(library, "rw-r--r--");
        permit(prepared.directory(), "rwxr-xrwx");
        assertThat(prepared.rejectionReason())
                .hasValueSatisfying(
                        reason -> assertThat(reason).contains("nucleus.prepared may be written to by others"));
    }

    @Test
    void aPreparedJarWithALinkOrAMissingPartIsRejected() throws IOException {
        Path elsewhere = Files.move(prepared.classes(), directory.resolve("elsewhere.jar"));
        assertThat(prepared.rejectionReason())
                .hasValueSatisfying(reason -> assertThat(reason).contains("is missing"));
        Files.createSymbolicLink(prepared.classes(), elsewhere);
        assertThat(prepared.rejectionReason())
                .hasValueSatisfying(reason -> assertThat(reason).contains("is a link"));
    }
}
