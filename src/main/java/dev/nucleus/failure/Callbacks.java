package dev.nucleus.failure;

import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs actions when a future completes. Nothing waits for the actions, so their failures are logged. */
public final class Callbacks {

    private static final Logger log = LoggerFactory.getLogger(Callbacks.class);

    private Callbacks() {}

    /**
     * Runs the action with the result, unless the stage fails.
     *
     * @param what the action does, for the log, such as "remove the container"
     */
    public static <T> void then(CompletionStage<? extends T> result, String what, Consumer<? super T> action) {
        var _ = result.thenAccept(value -> attempt(what, () -> action.accept(value)));
    }

    /** Runs the action when the stage completes, normally or exceptionally. */
    public static void thenRun(CompletionStage<?> end, String what, Runnable action) {
        var _ = end.whenComplete((_, _) -> attempt(what, action));
    }

    private static void attempt(String what, Runnable action) {
        try {
            action.run();
        } catch (RuntimeException | Error e) {
            log.error("can't {}", what, e);
        }
    }
}
