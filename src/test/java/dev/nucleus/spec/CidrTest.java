package dev.nucleus.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CidrTest {

    @ParameterizedTest
    @ValueSource(
            strings = {"10.0.0.0/8", "10.1.2.3", "0.0.0.0/0", "fd00::/8", "::", "2001:db8::1", "::1", "1:0:0:2::3"})
    void aBlockIsWrittenAsItIsRead(String text) {
        assertThat(Cidr.parse(text)).hasToString(text);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "10.0.0.1/8 | 10.0.0.1/8 has bits after its prefix; write 10.0.0.0/8 or 10.0.0.1",
                "10.0.0.0/33 | /33 is not the length of a prefix of 10.0.0.0; write 0 to 32",
                "10.0.0.0/x | '10.0.0.0/x' is not a block of addresses; write, for example, 10.0.0.0/8",
                "example.org | 'example.org' is not an IP address",
                "10.0.0/8 | '10.0.0' is not an IP address",
            })
    void mistakesAreExplained(String text, String problem) {
        assertThatThrownBy(() -> Cidr.parse(text))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage(problem);
    }

    @Test
    void blocksContainAddressesAndOverlap() {
        Cidr block = Cidr.parse("10.42.0.0/16");

        assertThat(block.contains(Cidr.address("10.42.255.255"))).isTrue();
        assertThat(block.contains(Cidr.address("10.43.0.0"))).isFalse();
        assertThat(block.contains(Cidr.address("::ffff:0:1"))).isFalse();
        assertThat(block.overlaps(Cidr.parse("10.0.0.0/8"))).isTrue();
        assertThat(block.overlaps(Cidr.parse("10.43.0.0/16"))).isFalse();
        assertThat(Cidr.text(block.last())).isEqualTo("10.42.255.255");
        assertThat(Cidr.text(block.at(258))).isEqualTo("10.42.1.2");
        assertThat(block.block(3, 24)).hasToString("10.42.3.0/24");
        assertThat(Cidr.parse("fd00::/8").block(1, 48)).hasToString("fd00:0:1::/48");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "8080:80 | 127.0.0.1:8080:80/tcp",
                "80 | 127.0.0.1:0:80/tcp",
                "0:80 | 127.0.0.1:0:80/tcp",
                "0.0.0.0:53:5353/udp | 0.0.0.0:53:5353/udp",
                "[::1]:80:8080 | [::1]:80:8080/tcp",
                "192.168.1.7::80 | 192.168.1.7:0:80/tcp",
            })
    void aPublishedPortIsReadAsComposeWritesIt(String text, String read) {
        assertThat(PublishedPort.parse(text)).singleElement().hasToString(read);
    }

    @Test
    void aRangeOfPortsIsPublishedPortByPort() {
        assertThat(PublishedPort.parse("8000-8002:9000-9002/udp"))
                .hasToString("[127.0.0.1:8000:9000/udp, 127.0.0.1:8001:9001/udp, 127.0.0.1:8002:9002/udp]");
        assertThatThrownBy(() -> PublishedPort.parse("8000-8002:9000"))
                .hasMessage("the ranges 8000-8002 and 9000 differ in length");
        assertThatThrownBy(() -> PublishedPort.parse("localhost:80:80")).hasMessage("'localhost' is not an IP address");
        assertThatThrownBy(() -> PublishedPort.parse("8080:web"))
                .hasMessage("'web' is not a port; write a number from 1 to 65535");
        assertThatThrownBy(() -> PublishedPort.parse("70000:80")).isInstanceOf(InvalidSpecException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "10.0.0.0/8",
                "10.0.0.0/8:5432/tcp",
                "10.1.2.3:8000-8010/udp",
                "fd00::/8",
                "[fd00::/8]:443/tcp",
                "[2001:db8::1]:53/udp"
            })
    void anEgressRuleIsWrittenAsItIsRead(String text) {
        assertThat(EgressRule.parse(text)).hasToString(text);
    }

    @Test
    void aRuleForANameIsRefusedWithTheReason() {
        assertThatThrownBy(() -> EgressRule.parse("api.example.com:443"))
                .hasMessageContaining("rules for names are not supported yet");
    }
}
