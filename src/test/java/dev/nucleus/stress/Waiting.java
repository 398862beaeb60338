package dev.nucleus.stress;

import java.time.Duration;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** Waits for conditions whose failing is a finding, not the end of the run. */
final class Waiting {

    private Waiting() {}

    /** @return whether it held within the bound, or after it at last, when it takes long to find out */
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
