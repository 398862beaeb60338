package dev.nucleus.escape;

import dev.nucleus.support.StaticFields;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/**
 * Sets {@link SharedTargets} fields. The {@link Targets} are started for the first class, and closed by JUnit with its
 * store, after the last test of the run.
 */
final class SharedTargetsExtension implements BeforeAllCallback {

    private static final Namespace NAMESPACE = Namespace.create(SharedTargetsExtension.class);

    @Override
    public void beforeAll(ExtensionContext context) throws IllegalAccessException {
        Targets targets =
                context.getRoot().getStore(NAMESPACE).computeIfAbsent(Targets.class, _ -> start(), Targets.class);
        for (Field field : StaticFields.annotatedWith(SharedTargets.class, context)) {
            field.set(null, targets);
        }
    }

    private static Targets start() {
        try {
            return Targets.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
