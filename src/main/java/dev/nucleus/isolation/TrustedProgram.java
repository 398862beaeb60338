package dev.nucleus.isolation;

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
 * A program that runs with the manager's rights, because nobody but root can have put it where it is: it, each directory
 * and each link on the way to it, and on the way to what those links lead to, are root's, and others can neither write
 * to them nor replace them.
 *
 * @param path where it lies, without links: one that is put elsewhere later changes nothing of what was planned
 * @param device the file system it is on, as {@code st_dev} of stat(2)
 * @param inode its number there
 */
record TrustedProgram(Path path, long device, long inode) {

    private static final int EXECUTABLE = 0111;
    /** What the kernel reads of a script's first line, and how often one may name another (execve(2)). */
    private static final int SCRIPT_LINE = 256;

    private static final int MAX_INTERPRETERS = 5;

    /**
     * Looks at it, and at each step of the way there; if it is a script, also at its interpreter, which runs in its place. What
     * that one looks up in PATH is as trusted as PATH is.
     *
     * @param program absolute
     * @throws FileSystemException when it is no program, or somebody else could have put it there, with who and what to
     *     do; a {@link java.nio.file.NoSuchFileException} when there is nothing
     */
    static TrustedProgram at(Path program) throws IOException {
        try (TrustedPath opened = TrustedPath.openOfRoot(program)) {
            FileStat status = opened.status();
            if (!status.isRegularFile() || (status.mode() & EXECUTABLE) == 0) {
                throw new FileSystemException(program.toString(), null, "is no program");
            }
            checkInterpreters(opened.path());
            return new TrustedProgram(opened.path(), status.device(), status.inode());
        }
    }

    /** Nobody but root can change what was checked between two looks at it. */
    private static void checkInterpreters(Path program) throws IOException {
        Path script = program;
        for (int depth = 0; depth < MAX_INTERPRETERS; depth++) {
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
        throw new FileSystemException(program.toString(), null, "its interpreters are scripts themselves");
    }

    private static Optional<Path> interpreter(Path program) throws IOException {
        try (InputStream in = Files.newInputStream(program)) {
            String line = new String(in.readNBytes(SCRIPT_LINE), StandardCharsets.ISO_8859_1);
            if (!line.startsWith("#!")) {
                return Optional.empty();
            }
            String name = line.substring(2).stripLeading().split("[ \t\n]", 2)[0];
            if (!name.startsWith("/")) {
                throw new FileSystemException(program.toString(), null, "names no interpreter by its whole path");
            }
            return Optional.of(Path.of(name));
        }
    }
}
