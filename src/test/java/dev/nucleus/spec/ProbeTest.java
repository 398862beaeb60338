package dev.nucleus.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProbeTest {

    private static final Port PORT = new Port(8080);

    private static Probe.Http http(String path, Map<String, String> headers) {
        return new Probe.Http(PORT, path, Probe.Http.Statuses.DEFAULT, headers, Optional.empty());
    }

    static Stream<Arguments> kinds() {
        return Stream.of(
                Arguments.of(new Probe.Exec(List.of("pg_isready", "-q")), "exec", "exec pg_isready -q"),
                Arguments.of(new Probe.Tcp(PORT), "tcp", "tcp 8080"),
                Arguments.of(http("/ready", Map.of()), "http", "http 8080/ready"),
                Arguments.of(Probe.Http.of(PORT), "http", "http 8080/"),
                Arguments.of(new Probe.Grpc(PORT, ""), "grpc", "grpc 8080"),
                Arguments.of(new Probe.Grpc(PORT, "shop.Cart"), "grpc", "grpc 8080 shop.Cart"),
                Arguments.of(new Probe.Notify(Optional.empty()), "notify", "notify"),
                Arguments.of(new Probe.Notify(Optional.of(Duration.ofSeconds(10))), "notify", "notify within 10s"));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aProbeIsShownWithItsKindAndArguments(Probe probe, String kind, String shown) {
        assertThat(probe.kind()).isEqualTo(kind);
        assertThat(probe).hasToString(shown);
    }

    @Test
    void aCommandIsNeeded() {
        for (List<String> command : List.of(List.<String>of(), List.of(""), List.of(" ", "x"))) {
            assertThatThrownBy(() -> new Probe.Exec(command))
                    .isInstanceOf(InvalidSpecException.class)
                    .hasMessage("an exec probe needs a command, such as [pg_isready]");
        }
    }

    @Test
    void aGrpcServiceIsNamedInAtMost127PrintableCharacters() {
        for (String name : List.of("!", "~", "a".repeat(127))) {
            assertThat(new Probe.Grpc(PORT, name).service()).isEqualTo(name);
        }
        for (String name : List.of("a".repeat(128), "a b", "a\u007f", "\n", "ä")) {
            assertThatThrownBy(() -> new Probe.Grpc(PORT, name))
                    .isInstanceOf(InvalidSpecException.class)
                    .hasMessage("'" + name + "' is not the name of a gRPC service");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "ready", "/a b", "/\u007f", "/ä", "/\n"})
    void anHttpPathBeginsWithASlashAndHasNoSpaces(String path) {
        assertThatThrownBy(() -> http(path, Map.of()))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("'" + path + "' is not an HTTP path; begin with '/', no spaces");
    }

    @Test
    void everyPrintableCharacterMayBeInAnHttpPath() {
        assertThat(http("/!~?a=b", Map.of()).path()).isEqualTo("/!~?a=b");
    }

    @ParameterizedTest
    @CsvSource({"'', x", "a b, x", "a:, x", "ä, x", "a, 'b\nc'", "a, ä", "a, 'b\u007f'"})
    void aHeaderIsATokenAndALineOfAscii(String name, String value) {
        assertThatThrownBy(() -> http("/", Map.of(name, value)))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("'" + name + ": " + value + "' is not an HTTP header: a name and a line of ASCII");
    }

    @Test
    void headersKeepTheirOrder() {
        var headers = new LinkedHashMap<String, String>();
        headers.put("X-Token!", "a b~");
        headers.put("Accept", "");

        assertThat(http("/", headers).headers())
                .containsExactly(Map.entry("X-Token!", "a b~"), Map.entry("Accept", ""));
    }

    @ParameterizedTest
    @CsvSource({"200, 200, 200", "200-399, 200, 399", "100-599, 100, 599", "204-204, 204, 204"})
    void aRangeOfStatusesContainsBothItsEnds(String text, int from, int to) {
        var statuses = Probe.Http.Statuses.parse(text);

        assertThat(statuses).isEqualTo(new Probe.Http.Statuses(from, to));
        assertThat(Stream.of(from - 1, from, to, to + 1).map(statuses::contain))
                .containsExactly(false, true, true, false);
    }

    @ParameterizedTest
    @ValueSource(strings = {"099", "600", "200-600", "300-299"})
    void statusesLieWithin100To599(String text) {
        assertThatThrownBy(() -> Probe.Http.Statuses.parse(text))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("a range of HTTP statuses lies within 100-599, such as 200-399");
    }

    @ParameterizedTest
    @ValueSource(strings = {"2xx", "200-", "20", "200-3999", ""})
    void anInvalidStatusRangeIsRefused(String text) {
        assertThatThrownBy(() -> Probe.Http.Statuses.parse(text))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("'" + text + "' is not a range of HTTP statuses; write 200 or 200-399");
    }
}
