package dev.nucleus.text;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Converts arguments, environment variables and file names, which are bytes and not text (execve(2),
 * path_resolution(7)), to strings and back. Each byte that is not UTF-8 becomes a code point U+10FE80 to U+10FEFF of a
 * private use area, so that the strings can be stored as JSON and converted back to the same bytes. The UTF-8 bytes of
 * these code points themselves are treated as if they were not UTF-8.
 */
public final class ArgumentText {

    private static final int BASE = 0x10FE00;
    private static final int FIRST = BASE + 0x80;
    private static final int LAST = BASE + 0xff;

    private ArgumentText() {}

    public static String decode(byte[] bytes, int offset, int length) {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        try {
            String text = decoder.decode(ByteBuffer.wrap(bytes, offset, length)).toString();
            if (hasNoEncodedBytes(text)) {
                return text;
            }
        } catch (CharacterCodingException e) {
            // Some bytes are not UTF-8.
            return decodePartly(bytes, offset, length);
        }
        return decodePartly(bytes, offset, length);
    }

    private static String decodePartly(byte[] bytes, int offset, int length) {
        var text = new StringBuilder();
        int end = offset + length;
        for (int at = offset; at < end; ) {
            int size = Math.min(sizeOf(bytes[at]), end - at);
            CharBuffer one = CharBuffer.allocate(2);
            CoderResult result =
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, at, size), one, true);
            if (result.isUnderflow() && !isByte(Character.codePointAt(one.array(), 0))) {
                text.append(one.flip());
                at += size;
            } else {
                text.appendCodePoint(BASE + (bytes[at] & 0xff));
                at++;
            }
        }
        return text.toString();
    }

    /** The size of the code point that begins with this byte (RFC 3629). */
    private static int sizeOf(byte first) {
        int value = first & 0xff;
        return value >= 0xf0 ? 4 : value >= 0xe0 ? 3 : value >= 0xc0 ? 2 : 1;
    }

    private static boolean isByte(int codePoint) {
        return codePoint >= FIRST && codePoint <= LAST;
    }

    /**
     * Whether no code point stands for a byte. All of them share a high surrogate, which is a fast first test: a plan
     * has hundreds of strings.
     */
    private static boolean hasNoEncodedBytes(String text) {
        return text.indexOf(Character.highSurrogate(FIRST)) < 0
                || text.codePoints().noneMatch(ArgumentText::isByte);
    }

    /**
     * Returns the file that a path with such code points names, for java.nio.file, which would write them as UTF-8. The
     * text of the returned path has lost those bytes, so use it only to open the file.
     *
     * @param path absolute
     */
    public static Path file(Path path) {
        if (hasNoEncodedBytes(path.toString())) {
            return path;
        }
        var uri = new StringBuilder("file://");
        for (byte each : encode(path.toString())) {
            boolean plain = each == '/' || each >= '0' && each <= '9' || each >= 'a' && each <= 'z';
            uri.append(plain ? Character.toString(each) : String.format("%%%02X", each));
        }
        return Path.of(URI.create(uri.toString()));
    }

    public static byte[] encode(String text) {
        if (hasNoEncodedBytes(text)) {
            return text.getBytes(StandardCharsets.UTF_8);
        }
        var bytes = new ByteArrayOutputStream();
        text.codePoints().forEach(codePoint -> {
            if (isByte(codePoint)) {
                bytes.write(codePoint - BASE);
            } else {
                bytes.writeBytes(Character.toString(codePoint).getBytes(StandardCharsets.UTF_8));
            }
        });
        return bytes.toByteArray();
    }
}
