package dev.nucleus.workspace;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.commons.codec.digest.DigestUtils;
import org.junit.jupiter.api.Test;

class ContentDigestTest {

    private static final byte[] DATA = "data".getBytes(StandardCharsets.US_ASCII);

    /** Stands for the data in the description of a file; positive numbers are zeros. */
    private static final long SOME_DATA = 0;

    private static String digest(long... parts) {
        var digest = new ContentDigest(false);
        for (long part : parts) {
            if (part == SOME_DATA) {
                digest.update(DATA, DATA.length);
            } else {
                digest.appendZeros(part);
            }
        }
        return digest.finish();
    }

    @Test
    void withoutZerosItIsTheSha256OfTheContent() {
        assertThat(digest(SOME_DATA)).isEqualTo(DigestUtils.sha256Hex(DATA));
        assertThat(digest()).isEqualTo(DigestUtils.sha256Hex(new byte[0]));
    }

    @Test
    void thePlaceAndLengthOfZerosCount() {
        assertThat(List.of(
                        digest(SOME_DATA),
                        digest(SOME_DATA, 5),
                        digest(SOME_DATA, 6),
                        digest(5, SOME_DATA),
                        digest(SOME_DATA, 5, SOME_DATA),
                        digest(5),
                        digest(6)))
                .doesNotHaveDuplicates()
                .allSatisfy(digest -> assertThat(digest).hasSize(64));
    }

    @Test
    void consecutiveZerosAreOneRun() {
        assertThat(digest(SOME_DATA, 2, 3, SOME_DATA)).isEqualTo(digest(SOME_DATA, 5, SOME_DATA));
    }

    @Test
    void hashedHolesAreData() {
        var digest = new ContentDigest(true);
        digest.update(DATA, DATA.length);
        digest.appendZeros(200_000);

        var whole = new byte[DATA.length + 200_000];
        System.arraycopy(DATA, 0, whole, 0, DATA.length);
        assertThat(digest.finish()).isEqualTo(DigestUtils.sha256Hex(whole));
    }
}
