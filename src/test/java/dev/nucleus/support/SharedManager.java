package dev.nucleus.support;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * One {@link TestManager} for all tests of a class: a static field that holds it from before the class's own
 * {@code @BeforeAll} until after its {@code @AfterAll}. Needs root; without it the class counts as skipped.
 */
@Documented
@Target(ElementType.FIELD)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(SharedManagerExtension.class)
public @interface SharedManager {

    /** A fleet file's text; none when empty. */
    String fleet() default "";

    /** As on the command line of a manager, {@code --name=value}. */
    String[] settings() default {};
}
