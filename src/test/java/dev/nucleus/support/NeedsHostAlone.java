package dev.nucleus.support;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.parallel.ResourceLock;

/** The class compares the whole host before and after; no {@link RunsConcurrently} class runs meanwhile. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ResourceLock(NeedsHostAlone.HOST)
public @interface NeedsHostAlone {

    /** The name of the lock. */
    String HOST = "the host";
}
