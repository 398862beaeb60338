package dev.nucleus.fleet;

import dev.nucleus.spec.fleetfile.InvalidFleetException;
import org.springframework.boot.ExitCodeGenerator;

/** The configured fleet files have errors: the manager does not start and exits with code 2. */
final class FleetsUnusableException extends RuntimeException implements ExitCodeGenerator {

    private static final long serialVersionUID = 1L;
    private static final int USAGE = 2;

    FleetsUnusableException(InvalidFleetException cause) {
        super(cause.getMessage(), cause);
    }

    @Override
    public int getExitCode() {
        return USAGE;
    }
}
