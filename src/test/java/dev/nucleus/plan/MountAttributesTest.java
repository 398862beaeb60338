package dev.nucleus.plan;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MountAttributesTest {

    /** The numbers are those of mount_setattr(2), the words those of mount(8). */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0x0 | rw",
                "0x1 | ro",
                "0x2 | rw,nosuid",
                "0x4 | rw,nodev",
                "0x8 | rw,noexec",
                "0x7 | ro,nosuid,nodev",
                "0xf | ro,nosuid,nodev,noexec"
            })
    void attributesAreDescribedAsMountWritesThem(String attributes, String words) {
        assertThat(MountAttributes.describe(Long.decode(attributes))).isEqualTo(words);
    }
}
