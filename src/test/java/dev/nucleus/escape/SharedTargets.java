package dev.nucleus.escape;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A static field that holds the {@link Targets} that all {@link ConcurrentEscapeTest} classes share, from before the
 * class's own {@code @BeforeAll}. Needs root; without it the class counts as skipped.
 */
@Documented
@Target(ElementType.FIELD)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(SharedTargetsExtension.class)
@interface SharedTargets {}
