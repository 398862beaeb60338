package dev.nucleus.spec.fleetfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.spec.RestartPolicy;
import dev.nucleus.spec.ServiceSpec;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServiceReaderTest {

    private static ServiceSpec service(String fields) {
        return Objects.requireNonNull(FleetReader.readText(
                        Path.of("/f.yaml"),
                        "name: shop\nservices:\n  web:\n    command: [/bin/web]\n    " + fields + "\n",
                        FleetReader.Checks.NONE)
                .services()
                .get("web"));
    }

    @Test
    void aServiceIsRestartedAlwaysAndAJobOnFailure() {
        assertThat(service("replicas: 1").restart()).isEqualTo(RestartPolicy.ALWAYS);
        assertThat(service("job: true").restart()).isEqualTo(RestartPolicy.parse("on-failure"));
        assertThat(service("job: true\n    restart: never").restart()).isEqualTo(RestartPolicy.NEVER);
    }

    @Test
    void aRestartPolicyIsAKeywordOrAMappingWithABackoff() {
        var defaults = RestartPolicy.Backoff.DEFAULT;

        assertThat(service("restart: on-failure:5").restart()).isEqualTo(RestartPolicy.parse("on-failure:5"));
        assertThat(service("restart: {policy: unless-stopped}").restart())
                .isEqualTo(RestartPolicy.parse("unless-stopped"));
        assertThat(service(
                                "restart: {policy: 'on-failure:2', backoff: {from: 1s, factor: 1.5, to: 5s, reset-after: 1h}}")
                        .restart())
                .isEqualTo(new RestartPolicy(
                        RestartPolicy.When.ON_FAILURE,
                        OptionalInt.of(2),
                        new RestartPolicy.Backoff(
                                Duration.ofSeconds(1), 1.5, Duration.ofSeconds(5), Duration.ofHours(1))));
        assertThat(service("restart: {policy: always, backoff: {to: 5m}}")
                        .restart()
                        .backoff())
                .isEqualTo(new RestartPolicy.Backoff(
                        defaults.from(), defaults.factor(), Duration.ofMinutes(5), defaults.resetAfter()));
    }

    @Test
    void aStopHasADefaultForEachField() {
        assertThat(service("stop: {signal: INT}").stop())
                .isEqualTo(new StopSpec(Signal.parse("INT"), Duration.ofSeconds(10), List.of()));
        assertThat(service("stop: {grace: 1m}").stop())
                .isEqualTo(new StopSpec(Signal.TERM, Duration.ofMinutes(1), List.of()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "restart: sometimes | 5:14: 'sometimes' is not a restart policy; write always, on-failure, on-failure:5, unless-stopped or never",
                "restart: {backoff: {from: 1s}} | 5:14: 'policy' is missing; write, for example, policy: always",
                "restart: {policy: always, backoff: {factor: much}} | 5:49: expected a number, found 'much'",
                "restart: {policy: always, backoff: {factor: 0.5}} | 5:40: a backoff's factor is 1 to 100, was 0.5",
                "restart: {policy: always, backoff: {from: 2m}} | 5:40: a backoff grows: 'to' must not be shorter than 'from'",
                "replicas: 1001 | 5:15: replicas is 0 to 1000, was 1001",
                "job: maybe | 5:10: expected true or false, found 'maybe'",
                "stop: TERM | 5:11: expected fields, found 'TERM'"
            })
    void mistakesAreReportedWithTheirPositions(String fields, String problem) {
        assertThatThrownBy(() -> service(fields))
                .isInstanceOf(InvalidFleetException.class)
                .hasMessage("/f.yaml:" + problem);
    }
}
