package dev.nucleus.kernel;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * The name of something in a directory: any bytes but '/' and zero, in whatever encoding (path_resolution(7)). Never
 * "." or "..", so it leads no further than into its directory. Ordered by its bytes.
 *
 * @param bytes one character (0 to 255) for each byte
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

    /** A name that is written in UTF-8 on disk. */
    public static FileName of(String text) {
        return new FileName(new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1));
    }

    /** The bytes and the zero that ends them. */
    byte[] terminated() {
        return terminated(bytes.getBytes(StandardCharsets.ISO_8859_1));
    }

    static byte[] terminated(byte[] bytes) {
        return java.util.Arrays.copyOf(bytes, bytes.length + 1);
    }

    @Override
    public int compareTo(FileName other) {
        return bytes.compareTo(other.bytes);
    }

    /** For people, on one line: as UTF-8, with control characters and what is not UTF-8 as {@code \xHH}. */
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
        var shown = new StringBuilder(text.length());
        boolean decoded = !text.equals(bytes);
        text.codePoints().forEach(point -> {
            if (isShown(point, decoded)) {
                shown.appendCodePoint(point);
            } else {
                shown.append(String.format(point > 0xff ? "\\u%04x" : "\\x%02x", point));
            }
        });
        return shown.toString();
    }

    /** Not what moves the cursor or turns the direction of text. */
    private static boolean isShown(int point, boolean decoded) {
        return switch (Character.getType(point)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.UNASSIGNED -> false;
            default -> decoded || point < 0x7f;
        };
    }
}
