package dev.nucleus.escape;

import java.lang.reflect.Field;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.ModifierSupport;

/** Starts and closes the {@link Targets} of {@link SharedTargets} fields. */
final class SharedTargetsExtension implements BeforeAllCallback, AfterAllCallback {

    @Override
    public void beforeAll(ExtensionContext context) throws Exception {
        for (Field field : fields(context)) {
            field.set(null, Targets.start());
        }
    }

    @Override
    public void afterAll(ExtensionContext context) throws IllegalAccessException {
        for (Field field : fields(context)) {
            if (field.get(null) instanceof Targets targets) {
                targets.close();
            }
        }
    }

    private static List<Field> fields(ExtensionContext context) {
        List<Field> fields = AnnotationSupport.findAnnotatedFields(
                context.getRequiredTestClass(), SharedTargets.class, ModifierSupport::isStatic);
        fields.forEach(field -> field.setAccessible(true));
        return fields;
    }
}
