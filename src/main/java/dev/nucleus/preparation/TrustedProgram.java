package dev.nucleus.preparation;

import dev.nucleus.kernel.FileStat;
import dev.nucleus.kernel.TrustedPath;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A program that may run with the manager's rights, because only root can have put it in place: root owns it and every
 * directory and link on the path to it and to the targets of those links, and no other user can write to or replace any
 * of them.
 *
 * @param path its path without links, so that a link that is changed later doesn't affect the plan
 * @param device the file system it is on, as {@code st_dev} of stat(2)
 * @param inode its inode number
 */
public record TrustedProgram(Path path, long device, long inode) {

    private static final int EXECUTABLE = 0111;
    /** Bytes of a script's first line that the kernel reads (BINPRM_BUF_SIZE). */
    private static final int SCRIPT_LINE = 256;

    /** Files that are read for one program: itself and at most five nested interpreters (execve(2)). */
    private static final int MAX_SCRIPTS = 6;

    /**
     * Checks the program and every component of its path; for a script also its interpreter, which runs in its place.
     * Programs that the interpreter looks up in PATH are as trusted as PATH is.
     *
     * @param program absolute
     * @throws FileSystemException when it is not an executable file, or another user could have put it there, naming
     *     that user and the remedy; a {@link java.nio.file.NoSuchFileException} when it doesn't exist
     */
    static TrustedProgram at(Path program) throws IOException {
        try (TrustedPath opened = TrustedPath.openOfRoot(program)) {
            FileStat status = opened.status();
            if (!status.isRegularFile() || (status.mode() & EXECUTABLE) == 0) {
                throw new FileSystemException(program.toString(), null, "is not an executable file");
            }
            checkInterpreters(opened.path());
            return new TrustedProgram(opened.path(), status.device(), status.inode());
        }
    }

    /** Safe to reopen by path: only root can change it. */
    private static void checkInterpreters(Path program) throws IOException {
        Path script = program;
        for (int depth = 0; depth < MAX_SCRIPTS; depth++) {
            Optional<Path> interpreter = interpreter(script);
            if (interpreter.isEmpty()) {
                return;
            }
            try (TrustedPath opened = TrustedPath.openOfRoot(interpreter.get())) {
                script = opened.path();
            } catch (FileSystemException e) {
                throw new FileSystemException(
                        program.toString(), null, "its interpreter can't be trusted: " + e.getMessage());
            }
        }
        throw new FileSystemException(
                program.toString(), null, "interpreters are nested more than " + (MAX_SCRIPTS - 1) + " deep");
    }

    private static Optional<Path> interpreter(Path program) throws IOException {
        try (InputStream in = Files.newInputStream(program)) {
            String line = new String(in.readNBytes(SCRIPT_LINE), StandardCharsets.ISO_8859_1);
            if (!line.startsWith("#!")) {
                return Optional.empty();
            }
            String name = line.substring(2).replaceFirst("^[ \t]+", "").split("[ \t\n\0]", 2)[0];
            if (!StandardCharsets.US_ASCII.newEncoder().canEncode(name)) {
                throw new FileSystemException(
                        program.toString(), null, "the interpreter in its first line is not ASCII");
            }
            if (!name.startsWith("/")) {
                throw new FileSystemException(
                        program.toString(), null, "the interpreter in its first line must be an absolute path");
            }
            return Optional.of(Path.of(name));
        }
    }
}
