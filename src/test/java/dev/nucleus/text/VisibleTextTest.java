package dev.nucleus.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VisibleTextTest {

    private static final int SEED = 15;

    @Test
    void ordinaryTextInAnyScriptStaysAsItIs() {
        String text = "shop/web-1 – \u65e5\u672c\u8a9e \u0639\u0631\u0628\u064a caf\u00e9 \ud83d\ude00 <b>";

        assertThat(VisibleText.line(text)).isEqualTo(text);
        assertThat(VisibleText.escape(text)).isEqualTo(text);
        assertThat(VisibleText.isVisible(text)).isTrue();
    }

    @Test
    void controlInvisibleAndBidiCharactersAreEscaped() {
        assertThat(VisibleText.escape("a\u001b[2Jb\u0007\u0000\u009b")).isEqualTo("a\\x1b[2Jb\\x07\\x00\\x9b");
        assertThat(VisibleText.escape("x\u202egnp.exe\u2066\u200b\ufeff"))
                .isEqualTo("x\\u202egnp.exe\\u2066\\u200b\\ufeff");
        assertThat(VisibleText.escape("a\nb\u2028c\u0085")).isEqualTo("a\\x0ab\\u2028c\\x85");
        assertThat(VisibleText.escape("\ud800 " + Character.toString(0xe0041))).isEqualTo("\\ud800 \\U000e0041");
    }

    @Test
    void aLineIsOneLineAndIsCutBetweenCharacters() {
        assertThat(VisibleText.line("\r\none\r\ntwo\rthree\tfour\n")).isEqualTo("one two three four");
        assertThat(VisibleText.line("\ud83d\ude00".repeat(10), 5)).isEqualTo("\ud83d\ude00\ud83d\ude00…");
        assertThat(VisibleText.line("12345", 5)).isEqualTo("12345");
        assertThat(VisibleText.line("\u001b".repeat(1_000_000), 10)).isEqualTo("\\x1b\\x1b\\x…");
    }

    @Test
    void ownLinesKeepTheirBreaksAndLogLinesLoseTheirColours() {
        assertThat(VisibleText.lines("one\n\ttwo\r\u001b[1A")).isEqualTo("one\n\ttwo\\x0d\\x1b[1A");
        assertThat(VisibleText.logLine("\u001b[1;31mred\u001b[0m\tand \u001b]0;title\u0007\u202eturned"))
                .isEqualTo("red\tand \\u202eturned");
    }

    /** Each character of these ranges, at any position. */
    @ParameterizedTest
    @CsvSource({"0,1f", "7f,9f", "ad,ad", "61c,61c", "200b,200f", "2028,202e", "2060,206f", "feff,feff", "fff9,fffb"})
    void noInvisibleCharacterIsLeft(String first, String last) {
        var random = new Random(SEED);
        for (int point = Integer.parseInt(first, 16); point <= Integer.parseInt(last, 16); point++) {
            String text = "a".repeat(random.nextInt(5) + 1) + Character.toString(point) + "b";

            assertThat(VisibleText.isVisible(text)).as("U+%04X", point).isFalse();
            assertThat(VisibleText.isVisible(VisibleText.escape(text))).isTrue();
            assertThat(VisibleText.isVisible(VisibleText.line(text))).isTrue();
        }
    }
}
