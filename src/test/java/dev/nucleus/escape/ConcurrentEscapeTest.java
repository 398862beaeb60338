package dev.nucleus.escape;

import dev.nucleus.support.NeedsHostAlone;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * A class of exploits aimed at the {@link SharedTargets}, which runs concurrently with other classes: it checks only
 * what it started. Only one such class runs at a time.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("shared targets")
@ResourceLock(value = NeedsHostAlone.HOST, mode = ResourceAccessMode.READ)
@interface ConcurrentEscapeTest {}
