package dev.nucleus.kernel;

import dev.nucleus.text.VisibleText;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The name of a directory entry: any bytes except '/' and zero, in any encoding (path_resolution(7)). Never "." or
 * "..", so it can't lead out of its directory. Ordered by its bytes.
 *
 * @param bytes one character (0 to 255) per byte
 */
public record FileName(String bytes) implements Comparable<FileName> {

    public FileName {
        if (bytes.isEmpty()
                || bytes.equals(".")
                || bytes.equals("..")
                || bytes.indexOf('/') >= 0
                || bytes.indexOf('\0') >= 0
                || bytes.chars().anyMatch(character -> character > 0xff)) {
            throw new IllegalArgumentException("'" + bytes + "' is not the name of a file");
        }
    }

    /** A name that is encoded in UTF-8 on disk. */
    public static FileName of(String text) {
        return new FileName(new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1));
    }

    /** The bytes, with a terminating zero. */
    byte[] terminated() {
        return terminated(bytes.getBytes(StandardCharsets.ISO_8859_1));
    }

    static byte[] terminated(byte[] bytes) {
        return Arrays.copyOf(bytes, bytes.length + 1);
    }

    @Override
    public int compareTo(FileName other) {
        return bytes.compareTo(other.bytes);
    }

    /** For display on one line: as UTF-8, with control characters and invalid UTF-8 as {@code \xHH}. */
    @Override
    public String toString() {
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.getBytes(StandardCharsets.ISO_8859_1)))
                    .toString();
        } catch (CharacterCodingException e) {
            text = bytes;
        }
        return text.equals(bytes) ? escapeBytes(text) : VisibleText.escape(text);
    }

    /** Keeps ASCII, and escapes every other byte. */
    private static String escapeBytes(String bytes) {
        var shown = new StringBuilder(bytes.length());
        bytes.chars()
                .forEach(character -> shown.append(
                        character < 0x7f
                                ? VisibleText.escape(Character.toString(character))
                                : String.format("\\x%02x", character)));
        return shown.toString();
    }
}
