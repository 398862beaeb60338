package dev.nucleus.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.SecretMount;
import dev.nucleus.spec.TmpfsMount;
import dev.nucleus.spec.VolumeMount;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MountOptionTest {

    private static MountOption parse(String text) {
        return MountOption.parse(text, Path.of("/work")::resolve);
    }

    @Test
    void pathsMayContainColonsAndCommas() {
        assertThat(parse("type=bind,source=a:b\\,c,target=/data:1,readonly,exec"))
                .isEqualTo(new MountOption.Bind(new VolumeMount("/work/a:b,c", "/data:1", true, true)));
    }

    @Test
    void spellingsOfOtherToolsAreAccepted() {
        assertThat(parse("src=/srv,dst=/data,ro=false"))
                .isEqualTo(new MountOption.Bind(new VolumeMount("/srv", "/data", false)));
    }

    @Test
    void tmpfsAndSecretMountsAreParsed() {
        assertThat(parse("type=tmpfs,target=/scratch,size=8M"))
                .isEqualTo(new MountOption.Memory(new TmpfsMount("/scratch", new MemorySize(8L << 20))));
        assertThat(parse("type=secret,source=keys/db,target=db,mode=0440"))
                .isEqualTo(new MountOption.Secret(new SecretMount("/work/keys/db", "db", 0440)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "type=bind,source=/a | 'target' is missing",
                "type=volume,source=db,target=/data | named volumes belong to a fleet file",
                "type=nosuch,target=/data | was 'nosuch'",
                "source=/a,target=/b,foo=1 | has no field 'foo'",
                "source=/a,target=/b,source=/c | 'source' is given twice",
                "source=/a,target= | 'target' needs a value",
                "source=/a,target=/b,exec=maybe | 'exec' is true or false",
                "type=tmpfs,target=/scratch,size=64 | write the unit too, such as 64M"
            })
    void invalidMountsAreRefusedWithTheReason(String text, String expected) {
        assertThatThrownBy(() -> parse(text))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessageContaining(expected);
    }
}
