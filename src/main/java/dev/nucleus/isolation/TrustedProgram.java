package dev.nucleus.isolation;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;

/** Programs that run with the manager's rights: nobody but root may have put them where they are. */
final class TrustedProgram {

    private static final int WRITABLE_BY_OTHERS = 022;

    private TrustedProgram() {}

    /**
     * Why a program is not to be run; empty: it may be. It, all directories above it and what its links lead to must be
     * root's, and not writable by the group or others.
     */
    static Optional<String> objection(Path program) {
        try {
            if (!Files.isRegularFile(program) || !Files.isExecutable(program)) {
                return Optional.of(program + " is no program");
            }
            return changeable(program).or(() -> realPath(program).flatMap(TrustedProgram::changeable));
        } catch (SecurityException e) {
            return Optional.of(program + ": " + e.getMessage());
        }
    }

    private static Optional<Path> realPath(Path program) {
        try {
            return Optional.of(program.toRealPath());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static Optional<String> changeable(Path program) {
        for (Path path = program; path != null; path = path.getParent()) {
            try {
                int mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
                int owner = (int) Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
                if (owner != 0) {
                    return Optional.of(path + " belongs to user " + owner + ", not to root");
                }
                if (!Files.isSymbolicLink(path) && (mode & WRITABLE_BY_OTHERS) != 0) {
                    return Optional.of(path + " can be changed by others than root");
                }
            } catch (IOException e) {
                return Optional.of(path + " can't be looked at: " + e);
            }
        }
        return Optional.empty();
    }
}
