package dev.nucleus.support;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.parallel.ResourceLock;

/** A class that compares the host before and after, so nothing {@linkplain RunsBesideOthers runs beside it}. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ResourceLock(LooksAtWholeHost.HOST)
public @interface LooksAtWholeHost {

    /** The name of the lock. */
    String HOST = "the host";
}
