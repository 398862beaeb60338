package dev.nucleus.stress;

import java.time.Duration;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** Waits for conditions whose failure is reported and does not end the run. */
final class Waiting {

    private Waiting() {}

    /** @return whether it held within the time limit, or at a last check after it: a check may take long */
    static boolean until(Duration bound, Callable<Boolean> condition) {
        try {
            Awaitility.await()
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(200))
                    .atMost(bound)
                    .until(condition);
            return true;
        } catch (ConditionTimeoutException e) {
            return holds(condition);
        }
    }

    private static boolean holds(Callable<Boolean> condition) {
        try {
            return condition.call();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
