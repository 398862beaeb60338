package dev.nucleus.telemetry;

import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.io.IOException;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs one line when the collector becomes unreachable and one when it is back; OpenTelemetry logs a stack trace each
 * time.
 */
record OutageLoggingExporter(SpanExporter exporter, AtomicBoolean unreachable) implements SpanExporter {

    private static final Logger log = LoggerFactory.getLogger(OutageLoggingExporter.class);

    OutageLoggingExporter(SpanExporter exporter) {
        this(exporter, new AtomicBoolean());
    }

    @Override
    public CompletableResultCode export(Collection<SpanData> spans) {
        CompletableResultCode result = exporter.export(spans);
        return result.whenComplete(() -> {
            if (!result.isSuccess() && unreachable.compareAndSet(false, true)) {
                log.warn(
                        "traces can't be sent to their collector: {}. Launches are not affected",
                        Optional.ofNullable(result.getFailureThrowable())
                                .map(OutageLoggingExporter::reason)
                                .orElse("it refused them"));
            } else if (result.isSuccess() && unreachable.compareAndSet(true, false)) {
                log.info("traces are being sent again");
            }
        });
    }

    /** The message of the underlying I/O error, if there is one. */
    private static String reason(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof IOException) {
                return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
            }
        }
        return failure.toString();
    }

    @Override
    public CompletableResultCode flush() {
        return exporter.flush();
    }

    @Override
    public CompletableResultCode shutdown() {
        return exporter.shutdown();
    }
}
