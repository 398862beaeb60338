package dev.nucleus.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The constants of an enum in a header of the native part, for tests that compare them with Java's. */
public final class NativeEnum {

    private static final Pattern CONSTANT = Pattern.compile("(\\w+)(?:\\s*=\\s*(0x[0-9a-f]+|[0-9]+))?\\s*(?:,|$)");

    private NativeEnum() {}

    /**
     * @param header below native/
     * @param prefix of the constants' names, which is left out
     * @return names and numbers in the header's order
     */
    public static Map<String, Integer> constants(String header, String name, String prefix) {
        Matcher body = Pattern.compile("enum " + name + " \\{(.*?)\\};", Pattern.DOTALL)
                .matcher(text(header));
        assertThat(body.find()).as("enum %s in %s", name, header).isTrue();
        var constants = new LinkedHashMap<String, Integer>();
        Matcher constant =
                CONSTANT.matcher(body.group(1).replaceAll("(?s)/\\*.*?\\*/", "").strip());
        int next = 0;
        while (constant.find()) {
            String number = constant.group(2);
            next = number == null ? next : Integer.decode(number);
            assertThat(constant.group(1)).startsWith(prefix);
            constants.put(constant.group(1).substring(prefix.length()), next++);
        }
        return constants;
    }

    private static String text(String header) {
        try {
            return Files.readString(Path.of("native", header));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
