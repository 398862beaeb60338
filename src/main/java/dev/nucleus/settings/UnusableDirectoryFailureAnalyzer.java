package dev.nucleus.settings;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Reports what is wrong with the directory, instead of a stack trace. */
final class UnusableDirectoryFailureAnalyzer extends AbstractFailureAnalyzer<UnusableDirectoryException> {

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable rootFailure, UnusableDirectoryException cause) {
        return new FailureAnalysis(
                cause.getMessage() + "; nothing was started.",
                "The manager needs a state and a run directory of its own: --nucleus.state-dir=DIR "
                        + "--nucleus.run-dir=DIR",
                cause);
    }
}
