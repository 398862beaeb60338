package dev.nucleus.spec.fleetfile;

import dev.nucleus.failure.NucleusException;
import java.util.List;
import java.util.stream.Collectors;

/** Invalid fleet files, with all their problems in the order of the files. */
public final class InvalidFleetException extends NucleusException {

    private static final long serialVersionUID = 1L;

    @SuppressWarnings("serial")
    private final List<Problem> problems;

    public InvalidFleetException(List<Problem> problems) {
        super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
        this.problems = List.copyOf(problems);
    }

    public List<Problem> problems() {
        return problems;
    }

    /** The exit code of a usage error. */
    @Override
    public int exitCode() {
        return 2;
    }

    /** Without a prefix: each line begins with file and line number, as editors expect. */
    @Override
    public List<String> lines() {
        return problems.stream().map(Problem::toString).toList();
    }
}
