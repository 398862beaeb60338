package dev.nucleus.support;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * A class whose tests mostly wait, and look at nothing but what they started themselves: it runs while others do. One such class at
 * a time, and its tests one after the other.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("a class beside others")
@ResourceLock(value = LooksAtWholeHost.HOST, mode = ResourceAccessMode.READ)
public @interface RunsBesideOthers {}
