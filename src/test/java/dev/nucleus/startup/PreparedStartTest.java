package dev.nucleus.startup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.RunsConcurrently;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The jar as the build made it, and the directory the build prepared beside it. */
@Tag("isolation")
@RunsConcurrently
class PreparedStartTest {

    private static final Path JAR = Path.of("target/nucleus.jar").toAbsolutePath();

    @TempDir
    Path directory;

    private static String commandLine(ManagerProcess manager) throws IOException {
        return Files.readString(Path.of("/proc", Long.toString(manager.process().pid()), "cmdline"))
                .replace('\0', ' ');
    }

    @Test
    void thePreparedJarReplacesTheProcessAndKeepsItsOptions() throws IOException {
        try (ManagerProcess manager = new ManagerProcess(directory, List.of("-Xmx300m", "-Dsome=thing")).awaitReady()) {
            assertThat(commandLine(manager))
                    .contains("-XX:AOTCache=" + JAR.resolveSibling("nucleus.prepared/start.aot"))
                    .contains(" -Xmx300m -Dsome=thing -jar " + JAR.resolveSibling("nucleus.prepared/nucleus.jar"));
            assertThat(manager.log()).doesNotContain("starts slowly").doesNotContain("[warning]");
        }
    }

    @Test
    void theOperatorsGarbageCollectorReplacesOurs() throws IOException {
        try (ManagerProcess manager = new ManagerProcess(directory, List.of("-XX:+UseParallelGC")).awaitReady()) {
            assertThat(commandLine(manager)).contains("AOTCache").doesNotContain("UseSerialGC");
        }
    }

    @Test
    void thePreparedStartCanBeDisabled() throws IOException {
        try (ManagerProcess manager =
                new ManagerProcess(directory, List.of("-Dnucleus.prepared-start=false")).awaitReady()) {
            assertThat(commandLine(manager)).doesNotContain("AOTCache").contains(" -jar " + JAR + " ");
        }
    }

    @Test
    void aPreparedJarWritableByOthersIsNotRun() throws IOException {
        Path jar = Files.copy(JAR, directory.resolve("nucleus.jar"), StandardCopyOption.COPY_ATTRIBUTES);
        PreparedJar planted = PreparedJar.of(jar);
        Files.createDirectories(planted.directory().resolve("lib"));
        Files.writeString(planted.classes(), "not a jar");
        Files.writeString(planted.cache(), "");
        planted.writeScript(Path.of("/bin/false"));
        planted.seal();
        Files.setPosixFilePermissions(planted.directory(), PosixFilePermissions.fromString("rwxrwxrwx"));
        try (ManagerProcess manager = ManagerProcess.ofJar(directory, jar).awaitReady()) {
            assertThat(commandLine(manager)).contains(" -jar " + jar + " ");
            assertThat(manager.log())
                    .contains("nucleus: starts slowly, as " + planted.directory()
                            + " may be written to by others (rwxrwxrwx)");
        }
    }
}
