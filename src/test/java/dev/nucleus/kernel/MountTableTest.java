package dev.nucleus.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.kernel.MountTable.Place;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MountTableTest {

    private static final MountTable TABLE = MountTable.parse("""
            21 1 8:1 / / rw - ext4 /dev/sda1 rw
            30 21 8:2 / /home rw - ext4 /dev/sda2 rw
            31 30 8:1 /var/lib/nucleus /home/user/alias rw - ext4 /dev/sda1 rw
            32 21 8:1 /var/lib /srv/with\\040space rw - ext4 /dev/sda1 rw
            """);

    private static final Place STATE = new Place("/var/lib/nucleus", "8:1", "/var/lib/nucleus");

    @ParameterizedTest
    @CsvSource({
        "/var, 8:1, /var, true",
        "/var/lib/nucleus/c/x, 8:1, /var/lib/nucleus/c/x, true",
        "/var/lib/nucleus2, 8:1, /var/lib/nucleus2, false",
        "/home/user, 8:2, /user, true",
        "/home/user2, 8:2, /user2, false",
        "/home/user/alias/c, 8:1, /var/lib/nucleus/c, true",
        "/srv/with space/nucleus, 8:1, /var/lib/nucleus, true",
        "/srv, 8:1, /srv, true",
    })
    void treesOverlapByTheirFilesNotByTheirNames(String path, String device, String within, boolean expected) {
        assertThat(TABLE.overlap(new Place(path, device, within), STATE)).isEqualTo(expected);
    }

    /** A user who may mount FUSE file systems names the mount point, and the kernel escapes only white space. */
    @Test
    void aMountPointMayHaveAnyName() {
        String bytes = new String(new byte[] {'a', '\r', 'b', (byte) 0xff}, StandardCharsets.ISO_8859_1);
        MountTable table = MountTable.parse(
                "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n31 21 8:1 /var/lib /srv/" + bytes + " rw - fuse.x x rw\n");

        assertThat(table.entries()).last().extracting(MountTable.Entry::point).isEqualTo("/srv/" + bytes);
        assertThat(table.overlap(new Place("/srv", "8:1", "/srv"), STATE)).isTrue();
    }
}
