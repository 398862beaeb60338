package dev.nucleus.preparation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.support.Requires;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrustedProgramTest {

    private static final int SOMEBODY = 65_534;

    private Path directory;
    private Path program;

    @BeforeEach
    void makeProgram(@TempDir Path temporary) throws IOException {
        Requires.root();
        directory = temporary.toRealPath();
        program = Files.writeString(directory.resolve("program"), "#!/bin/sh\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static void giveToAnotherUser(Path path) throws IOException {
        Files.setAttribute(path, "unix:uid", SOMEBODY, LinkOption.NOFOLLOW_LINKS);
    }

    @Test
    void aProgramIsIdentifiedByItsResolvedPathAndInode() throws IOException {
        Path link = Files.createSymbolicLink(directory.resolve("link"), program);

        TrustedProgram found = TrustedProgram.at(link);

        assertThat(found.path()).isEqualTo(program);
        assertThat(found.inode()).isEqualTo(Files.getAttribute(program, "unix:ino"));
        assertThat(found.device()).isEqualTo(Files.getAttribute(program, "unix:dev"));
    }

    /** The first link and the program belong to root; the link between could be changed at any moment. */
    @Test
    void anIntermediateLinkOfAnotherUserIsRefused() throws IOException {
        Path theirs = Files.createDirectory(directory.resolve("theirs"));
        Path between = Files.createSymbolicLink(theirs.resolve("current"), program);
        Path link = Files.createSymbolicLink(directory.resolve("link"), between);
        giveToAnotherUser(between);
        giveToAnotherUser(theirs);

        assertThatThrownBy(() -> TrustedProgram.at(link))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContaining(theirs.toString())
                .hasMessageContaining("user " + SOMEBODY);
    }

    @Test
    void anIntermediateDirectoryThatOthersMayWriteToIsRefused() throws IOException {
        Path shared = Files.createDirectory(directory.resolve("shared"));
        Files.createSymbolicLink(shared.resolve("current"), program);
        Path link = Files.createSymbolicLink(directory.resolve("link"), Path.of("shared/current"));
        Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxrwxr-x"));

        assertThatThrownBy(() -> TrustedProgram.at(link)).hasMessageContaining(shared.toString());
    }

    private Path script(Path interpreter) throws IOException {
        return Files.writeString(program, "#! " + interpreter + " -e\n");
    }

    @Test
    void aScriptsInterpreterIsChecked() throws IOException {
        Path theirs = Files.createDirectory(directory.resolve("theirs"));
        Path shell = Files.createSymbolicLink(theirs.resolve("sh"), Path.of("/bin/sh"));
        giveToAnotherUser(theirs);

        assertThatThrownBy(() -> TrustedProgram.at(script(shell)))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContaining("interpreter")
                .hasMessageContaining(theirs.toString());
        assertThat(TrustedProgram.at(script(Path.of("/bin/sh"))).path()).isEqualTo(program);
        assertThatThrownBy(() -> TrustedProgram.at(script(Path.of("bin/sh")))).hasMessageContaining("absolute path");
    }

    @Test
    void nestedInterpretersAreChecked() throws IOException {
        Path theirs = Files.createDirectory(directory.resolve("theirs"));
        Files.createSymbolicLink(theirs.resolve("sh"), Path.of("/bin/sh"));
        giveToAnotherUser(theirs);
        Path between = Files.writeString(directory.resolve("between"), "#!" + theirs.resolve("sh") + "\n");

        assertThatThrownBy(() -> TrustedProgram.at(script(between))).hasMessageContaining(theirs.toString());
        assertThatThrownBy(() -> TrustedProgram.at(script(program))).hasMessageContaining("nested more than 5 deep");
    }

    @Test
    void aDirectoryBeforeDotDotIsCheckedToo() throws IOException {
        Path theirs = Files.createDirectory(directory.resolve("theirs"));
        Path link = Files.createSymbolicLink(directory.resolve("link"), Path.of("theirs/../program"));
        giveToAnotherUser(theirs);

        assertThatThrownBy(() -> TrustedProgram.at(link)).hasMessageContaining(theirs.toString());
    }

    @Test
    void theProgramMustBeOwnedByRootAndWritableByRootAlone() throws IOException {
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xrwx"));
        assertThatThrownBy(() -> TrustedProgram.at(program)).hasMessageContaining("may be written to by others");

        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        giveToAnotherUser(program);
        assertThatThrownBy(() -> TrustedProgram.at(program)).hasMessageContaining("belongs to user " + SOMEBODY);
    }

    @Test
    void filesThatAreNotProgramsAreRefused() throws IOException {
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rw-r--r--"));

        assertThatThrownBy(() -> TrustedProgram.at(program)).hasMessage(program + ": is not an executable file");
        assertThatThrownBy(() -> TrustedProgram.at(Path.of("/dev/null"))).hasMessageContaining("/dev/null");
        assertThatThrownBy(() -> TrustedProgram.at(directory.resolve("absent")))
                .isInstanceOf(NoSuchFileException.class);
    }
}
