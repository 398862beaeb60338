package dev.nucleus.settings;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Reports which directory is in use, instead of a stack trace. */
final class DirectoryInUseFailureAnalyzer extends AbstractFailureAnalyzer<DirectoryInUseException> {

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable rootFailure, DirectoryInUseException cause) {
        return new FailureAnalysis(
                cause.getMessage() + "; nothing was started.",
                "Stop that manager, or give this one its own directories and port: --nucleus.state-dir=DIR "
                        + "--nucleus.run-dir=DIR --server.port=PORT",
                cause);
    }
}
