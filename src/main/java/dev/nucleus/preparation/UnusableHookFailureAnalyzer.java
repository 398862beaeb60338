package dev.nucleus.preparation;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Reports the unusable hook and the reason instead of a stack trace. */
final class UnusableHookFailureAnalyzer extends AbstractFailureAnalyzer<UnusableHookException> {

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable rootFailure, UnusableHookException cause) {
        return new FailureAnalysis(
                cause.getMessage() + "; nothing was started.",
                "A hook runs with the manager's rights. The program and every directory above it must belong to root, "
                        + "and must not be writable by others (chown root:root, chmod go-w).",
                cause);
    }
}
