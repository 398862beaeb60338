package dev.nucleus.isolation;

import dev.nucleus.kernel.FileStat;
import dev.nucleus.kernel.TrustedPath;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;

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

    /**
     * Looks at it, and at each step of the way there.
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
            return new TrustedProgram(opened.path(), status.device(), status.inode());
        }
    }
}
