package dev.nucleus.spec;

import java.util.List;
import java.util.stream.Collectors;

/** Fleet files that can't be used: every mistake in them, in the order of the files. */
public final class InvalidFleetException extends RuntimeException {

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
}
