package dev.nucleus.support;

import java.lang.reflect.Field;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Starts and closes the managers of {@link SharedManager} fields. */
final class SharedManagerExtension implements BeforeAllCallback, AfterAllCallback {

    @Override
    public void beforeAll(ExtensionContext context) throws IllegalAccessException {
        Requires.root();
        for (Field field : StaticFields.annotatedWith(SharedManager.class, context)) {
            var wanted = field.getAnnotation(SharedManager.class);
            List<String> settings = List.of(wanted.settings());
            field.set(
                    null,
                    wanted.fleet().isEmpty()
                            ? TestManager.startWith(settings)
                            : TestManager.start(wanted.fleet(), settings));
        }
    }

    @Override
    public void afterAll(ExtensionContext context) throws IllegalAccessException {
        for (Field field : StaticFields.annotatedWith(SharedManager.class, context)) {
            if (field.get(null) instanceof TestManager manager) {
                manager.close();
            }
        }
    }
}
