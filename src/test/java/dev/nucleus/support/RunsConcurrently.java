package dev.nucleus.support;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.Set;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.ResourceLocksProvider;

/**
 * The class runs concurrently with others: its tests mostly wait, and check only what they started. At most two such
 * classes run at a time, beside one that is not annotated (junit-platform.properties).
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock(value = NeedsHostAlone.HOST, mode = ResourceAccessMode.READ)
@ResourceLock(providers = RunsConcurrently.OwnLock.class)
public @interface RunsConcurrently {

    /** A lock for each class, held while it runs, without which its methods would run concurrently too. */
    final class OwnLock implements ResourceLocksProvider {

        @Override
        public Set<Lock> provideForClass(Class<?> testClass) {
            return Set.of(new Lock(testClass.getName()));
        }
    }
}
