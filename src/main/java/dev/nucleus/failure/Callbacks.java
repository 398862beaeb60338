package dev.nucleus.failure;

import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is done when something ends that nobody waits for: its failure is logged, where a future would keep it to itself. */
public final class Callbacks {

    private static final Logger log = LoggerFactory.getLogger(Callbacks.class);

    private Callbacks() {}

    /**
     * @param result what is awaited; when it fails itself, nothing is done
     * @param what is done, for the log, such as "remove the container"
     */
    public static <T> void then(CompletionStage<T> result, String what, Consumer<T> action) {
        var _ = result.thenAccept(value -> {
            try {
                action.accept(value);
            } catch (RuntimeException e) {
                log.error("can't {}", what, e);
            }
        });
    }

    /** As {@link #then}, for an action that needs no value. */
    public static void thenRun(CompletionStage<?> result, String what, Runnable action) {
        then(result, what, _ -> action.run());
    }
}
