package dev.nucleus.support;

import java.lang.annotation.Annotation;
import java.lang.reflect.Field;
import java.util.List;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.ModifierSupport;

/** The static fields of a test class that an extension fills. */
public final class StaticFields {

    private StaticFields() {}

    /** Those with the annotation, made accessible. */
    public static List<Field> annotatedWith(Class<? extends Annotation> annotation, ExtensionContext context) {
        List<Field> fields = AnnotationSupport.findAnnotatedFields(
                context.getRequiredTestClass(), annotation, ModifierSupport::isStatic);
        fields.forEach(field -> field.setAccessible(true));
        return fields;
    }
}
