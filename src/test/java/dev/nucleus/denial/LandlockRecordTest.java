package dev.nucleus.denial;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

/** Records as the kernel's documentation shows them. */
class LandlockRecordTest {

    @Test
    void anAccessRecordHasTheAttemptAndItsTime() {
        LandlockRecord access = LandlockRecord.parse(
                        1423,
                        "audit(1729738800.268:30): domain=195ba459b blockers=fs.write_file,fs.truncate"
                                + " path=\"/etc/a file\" dev=\"sda\" ino=7")
                .orElseThrow();

        assertThat(access.at()).isEqualTo(Instant.parse("2024-10-24T03:00:00.268Z"));
        assertThat(access.serial()).isEqualTo(30);
        assertThat(access.field("domain")).isEqualTo("195ba459b");
        assertThat(access.attempt()).isEqualTo("fs.write_file,fs.truncate /etc/a file");
        assertThat(access.reason()).startsWith("its rules don't allow this access");
    }

    @Test
    void aHexEncodedPathIsDecodedAndOtherFieldsAreNot() {
        LandlockRecord access = LandlockRecord.parse(
                        1423, "audit(1.000:1): domain=AB blockers=fs.execute path=2F746D702F220A")
                .orElseThrow();

        assertThat(access.attempt()).isEqualTo("fs.execute /tmp/\"\\x0a");
        assertThat(access.field("domain")).isEqualTo("AB");
    }

    @Test
    void portsAreReportedToo() {
        LandlockRecord access = LandlockRecord.parse(
                        1423, "audit(1.000:1): domain=ab blockers=net.connect_tcp daddr=127.0.0.1 dest=80")
                .orElseThrow();

        assertThat(access.attempt()).isEqualTo("net.connect_tcp 80");
    }

    @Test
    void otherAndMalformedRecordsAreIgnored() {
        assertThat(LandlockRecord.parse(1400, "audit(1.000:1): x=y")).isEmpty();
        assertThat(LandlockRecord.parse(1423, "domain=ab")).isEmpty();
    }
}
