package dev.nucleus.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunDirectoryTest {

    @TempDir
    private Path folder;

    private Path makeDirectory(String mode) throws IOException {
        Path directory = Files.createDirectory(folder.resolve("run"));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString(mode));
        return directory;
    }

    private static String mode(Path directory) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(directory));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rwxr-xr-x", "rwxrwxr-x", "rwxrwxrwx"})
    void aDirectoryOpenToOthersIsMadePrivate(String mode) throws IOException {
        Path directory = makeDirectory(mode);

        assertThat(mode(RunDirectory.prepare(directory))).isEqualTo("rwx------");

        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString(mode));
        Files.createFile(directory.resolve("manager.lock"));
        Files.createDirectory(directory.resolve("c"));
        assertThat(mode(RunDirectory.prepare(directory)))
                .as("with files of an earlier manager")
                .isEqualTo("rwx------");
    }

    @Test
    void aDirectoryWithOtherFilesIsRefusedAndLeftUnchanged() throws IOException {
        Path directory = makeDirectory("rwxr-xr-x");
        Files.createFile(directory.resolve("sshd.pid"));

        assertThatThrownBy(() -> RunDirectory.prepare(directory))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(directory + " is open to others (rwxr-xr-x) and holds 'sshd.pid'")
                .hasMessageContaining("--nucleus.run-dir");
        assertThat(mode(directory)).isEqualTo("rwxr-xr-x");
    }

    @Test
    void pathsThatAreTooLongForASocketAreRefused() throws IOException {
        int room = 107 - 35 - folder.toString().length() - 1;
        Path longest = folder.resolve("r".repeat(room));
        // Three bytes each in UTF-8.
        Path wide = folder.resolve("\u65e5".repeat(room / 3 + 1));

        assertThat(RunDirectory.prepare(longest)).isDirectory();
        assertThatThrownBy(() -> RunDirectory.prepare(folder.resolve("r".repeat(room + 1))))
                .hasMessageContaining("is too long: its path has 73 bytes and may have 72");
        assertThatThrownBy(() -> RunDirectory.prepare(wide)).hasMessageContaining("is too long");
        assertThat(wide).doesNotExist();
        assertThatCode(() -> RunDirectory.checkSocket(Path.of("/" + "s".repeat(106))))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> RunDirectory.checkSocket(Path.of("/" + "s".repeat(107))))
                .hasMessageContaining("may have 107");
    }
}
