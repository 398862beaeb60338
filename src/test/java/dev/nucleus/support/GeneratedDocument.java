package dev.nucleus.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A document generated from the code, so that the two can't differ. */
public final class GeneratedDocument {

    private GeneratedDocument() {}

    /** Checks that the document has this content. With {@code -Dnucleus.docs.write=true} it is written first. */
    public static void check(Path document, String content) throws IOException {
        if (Boolean.getBoolean("nucleus.docs.write")) {
            Files.writeString(document, content);
        }
        assertThat(Files.readString(document))
                .as("%s is what -Dnucleus.docs.write=true writes", document)
                .isEqualTo(content);
    }
}
