package dev.nucleus.fleet;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Shows the errors in fleet files instead of a stack trace. */
final class FleetsFailureAnalyzer extends AbstractFailureAnalyzer<FleetsUnusableException> {

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable rootFailure, FleetsUnusableException cause) {
        return new FailureAnalysis(
                "The fleet files can't be used; nothing was started. Containers of an earlier manager keep running.\n\n"
                        + cause.getMessage(),
                "Correct them and start again. 'nucleus fleet validate FILE' checks a file without starting it.",
                cause);
    }
}
