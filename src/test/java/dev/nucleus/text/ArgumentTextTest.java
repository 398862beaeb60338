package dev.nucleus.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.Seeds;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArgumentTextTest {

    private static String decode(byte... bytes) {
        return ArgumentText.decode(bytes, 0, bytes.length);
    }

    @Test
    void utf8IsText() {
        String text = "gr\u00fc\u00dfe \u4e2d \ud83d\ude00";

        assertThat(decode(text.getBytes(StandardCharsets.UTF_8))).isEqualTo(text);
    }

    @Test
    void bytesThatAreNotUtf8RoundTrip() {
        byte[] latin1 = "caf\u00e9 \u00fc".getBytes(StandardCharsets.ISO_8859_1);

        assertThat(decode(latin1)).startsWith("caf").doesNotContain("\ufffd");
        assertThat(ArgumentText.encode(decode(latin1))).isEqualTo(latin1);
    }

    @Test
    void theCodePointsReservedForBytesRoundTrip() {
        byte[] reserved = Character.toString(0x10FE85).getBytes(StandardCharsets.UTF_8);

        assertThat(ArgumentText.encode(decode(reserved))).isEqualTo(reserved);
    }

    @Test
    void anyBytesRoundTrip() {
        RandomGenerator random = Seeds.random(4711);
        for (int i = 0; i < 10_000; i++) {
            var bytes = new byte[random.nextInt(12)];
            random.nextBytes(bytes);

            assertThat(ArgumentText.encode(decode(bytes))).isEqualTo(bytes);
        }
    }

    @Test
    void aFileIsFoundByTheBytesOfItsName(@TempDir Path directory) throws Exception {
        String name = decode((byte) 'b', (byte) 0xff, (byte) ' ', (byte) '%', (byte) 0xc3, (byte) 0xa9);
        Path named = directory.resolve(name);

        Files.writeString(ArgumentText.file(named), "found");

        Process listing = new ProcessBuilder("ls", "-1", "--quoting-style=c", directory.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(listing.inputReader().readLine()).matches("\"b\\\\377 %.*");
        assertThat(Files.readString(ArgumentText.file(named))).isEqualTo("found");
        assertThat(ArgumentText.file(directory)).isSameAs(directory);
        Files.delete(ArgumentText.file(named));
    }
}
