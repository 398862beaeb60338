package dev.nucleus.failure;

import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Actions that run when a future completes, and that nobody waits for: their failures are logged. */
public final class Callbacks {

    private static final Logger log = LoggerFactory.getLogger(Callbacks.class);

    private Callbacks() {}

    /**
     * Runs the action with the result. There is no action, and a line in the log, when there is no result.
     *
     * @param what the action does, for the log, such as "remove the container"
     */
    public static <T> void then(CompletionStage<? extends T> result, String what, Consumer<? super T> action) {
        var _ = result.thenAccept(action).whenComplete((_, failure) -> report(what, failure));
    }

    /** Runs the action when it is over, however it ended. */
    public static void thenRun(CompletionStage<?> end, String what, Runnable action) {
        var _ = end.handle((_, failure) -> {
                    report(what, failure);
                    return failure;
                })
                .thenRun(action)
                .whenComplete((_, failure) -> report(what, failure));
    }

    private static void report(String what, @Nullable Throwable failure) {
        if (failure != null) {
            log.error("can't {}", what, failure);
        }
    }
}
