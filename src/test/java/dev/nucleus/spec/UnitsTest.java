package dev.nucleus.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.support.Seeds;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class UnitsTest {

    @ParameterizedTest
    @CsvSource({
        "1, 1",
        "512M, 536870912",
        "512Mi, 536870912",
        "512MiB, 536870912",
        "1G, 1073741824",
        "2K, 2048",
        "1T, 1099511627776"
    })
    void sizesCountIn1024s(String text, long bytes) {
        assertThat(MemorySize.parse(text).bytes()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "-1", "1.5G", "512X", "999999999999T", "M", "1 000", "0x10"})
    void whatIsNoSizeIsRefusedNeverRounded(String text) {
        assertThatThrownBy(() -> MemorySize.parse(text)).isInstanceOf(InvalidSpecException.class);
    }

    @ParameterizedTest
    @MethodSource("dev.nucleus.support.Seeds#seeds")
    void aSizeReadsBackWhatItWrites(long seed) {
        long bytes = 1 + Seeds.random(seed).nextLong(1L << 50);

        assertThat(MemorySize.parse(new MemorySize(bytes).toString()).bytes()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @CsvSource({"200ms, 200", "5s, 5000", "1m30s, 90000", "2h, 7200000", "1d1ms, 86400001", "0s, 0"})
    void durationsCarryTheirUnit(String text, long millis) {
        assertThat(Durations.parse(text)).isEqualTo(Duration.ofMillis(millis));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "10", "5 s", "1s1m", "-1s", "1.5s", "ms", "1w"})
    void aDurationWithoutItsUnitIsRefused(String text) {
        assertThatThrownBy(() -> Durations.parse(text))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessageContaining("such as 500ms");
    }

    @Test
    void aDurationBeyondWhatTheClockCanCountIsRefused() {
        assertThat(Durations.parse("36500d")).isEqualTo(Durations.LONGEST);
        assertThat(Durations.LONGEST.multipliedBy(2).toNanos()).isPositive();
        for (String text : List.of("36501d", "999999d999999h", "999999h", "36500d1ms")) {
            assertThatThrownBy(() -> Durations.parse(text))
                    .isInstanceOf(InvalidSpecException.class)
                    .hasMessageContaining("longer than 36500d");
        }
    }

    @Test
    void aSettingThatNoClockCountsIsRefused() {
        assertThat(Durations.requireCountable("keep", Durations.LONGEST)).isEqualTo(Durations.LONGEST);
        assertThat(Durations.requireCountable("keep", Duration.ZERO)).isZero();
        for (Duration wrong : List.of(Durations.LONGEST.plusMillis(1), Duration.ofMillis(-1))) {
            assertThatThrownBy(() -> Durations.requireCountable("keep", wrong))
                    .isInstanceOf(InvalidSpecException.class)
                    .hasMessageStartingWith("keep is ")
                    .hasMessageEndingWith("between 0s and 36500d");
        }
    }

    @ParameterizedTest
    @MethodSource("dev.nucleus.support.Seeds#seeds")
    void aDurationReadsBackWhatItWrites(long seed) {
        Duration duration = Duration.ofMillis(Seeds.random(seed).nextLong(100L * 86_400_000));

        assertThat(Durations.parse(Durations.format(duration))).isEqualTo(duration);
    }

    @ParameterizedTest
    @CsvSource({"0.5, 50000", "2, 200000", "0.001, 1000", "65536, 6553600000"})
    void cpusBecomeAQuotaOfAtLeastTheKernelsMinimum(String text, long quota) {
        assertThat(Cpus.parse(text).quotaMicros()).isEqualTo(quota);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "NaN", "Infinity", "65537", "1e300", "two"})
    void absurdCpuCountsAreRefusedNotOverflowed(String text) {
        assertThatThrownBy(() -> Cpus.parse(text)).isInstanceOf(InvalidSpecException.class);
    }

    @ParameterizedTest
    @CsvSource({"TERM, 15", "SIGTERM, 15", "sigint, 2", "9, 9", "RTMIN, 34", "RTMIN+3, 37", "RTMAX, 64", "RTMAX-1, 63"})
    void signalsHaveNamesAndNumbers(String text, int number) {
        assertThat(Signal.parse(text).number()).isEqualTo(number);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "65", "FOO", "", "RTMIN+31", "-1"})
    void whatIsNoSignalIsRefused(String text) {
        assertThatThrownBy(() -> Signal.parse(text)).isInstanceOf(InvalidSpecException.class);
    }

    @Test
    void aNumericUserNeedsAGroup() {
        assertThat(User.parse("70:70")).isEqualTo(new User("70", Optional.of("70"), List.of()));
        assertThat(User.parse("postgres").group()).isEmpty();
        assertThatThrownBy(() -> User.parse("70")).hasMessageContaining("needs a group");
        assertThatThrownBy(() -> User.number("4294967295")).isInstanceOf(InvalidSpecException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "relative", "/a/../b", "/a//b", "/a/./b", "", "/a\0b", "/.."})
    void pathsInsideAreAbsoluteAndNormal(String path) {
        assertThatThrownBy(() -> ContainerPath.check(path)).isInstanceOf(InvalidSpecException.class);
    }

    @Test
    void aTrailingSlashOfAPathInsideIsForgiven() {
        assertThat(ContainerPath.check("/data/")).isEqualTo("/data");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/:/data",
                "db",
                "db:data",
                "db:/data:rx",
                "/etc/..:/x",
                "a b:/x",
                "db:/data:exec:ro",
                "db:/data:ro:exec:exec"
            })
    void dangerousOrMalformedVolumesAreRefused(String text) {
        assertThatThrownBy(() -> VolumeMount.parse(text)).isInstanceOf(InvalidSpecException.class);
    }

    @Test
    void aVolumeIsNamedOrAPathAndMayBeReadOnly() {
        assertThat(VolumeMount.parse("db:/data:ro")).isEqualTo(new VolumeMount("db", "/data", true));
        assertThat(VolumeMount.parse("db:/data").named()).isTrue();
        assertThat(VolumeMount.parse("db:/data:rw")).isEqualTo(new VolumeMount("db", "/data", false, false));
        assertThat(VolumeMount.parse("db:/data:ro,exec")).isEqualTo(new VolumeMount("db", "/data", true, true));
        for (String executable : List.of("db:/data:exec", "db:/data:rw,exec")) {
            assertThat(VolumeMount.parse(executable)).isEqualTo(new VolumeMount("db", "/data", false, true));
        }
        for (String text : List.of("db:/data", "db:/data:ro", "db:/data:exec", "db:/data:ro,exec")) {
            assertThat(VolumeMount.parse(text)).hasToString(text);
        }
        assertThat(VolumeMount.parse("/srv/x:/data").named()).isFalse();
        assertThatThrownBy(() -> VolumeMount.parse("db:/data,exec"))
                .as("a path of that name, or an option")
                .hasMessageContaining("Write db:/data:exec for the option");
    }

    @Test
    void memoryIsExecutableOnlyWhereThatIsWritten() {
        assertThat(TmpfsMount.parse("/x")).isEqualTo(new TmpfsMount("/x", MemorySize.parse("64M"), false));
        assertThat(TmpfsMount.parse("/x:1M")).isEqualTo(new TmpfsMount("/x", MemorySize.parse("1M"), false));
        assertThat(TmpfsMount.parse("/x:exec")).isEqualTo(new TmpfsMount("/x", MemorySize.parse("64M"), true));
        assertThat(TmpfsMount.parse("/x:1M:exec")).isEqualTo(new TmpfsMount("/x", MemorySize.parse("1M"), true));
        assertThat(HomeMount.parse("1M:exec")).isEqualTo(new HomeMount(MemorySize.parse("1M"), true));
        assertThat(HomeMount.parse("1M")).isEqualTo(new HomeMount(MemorySize.parse("1M"), false));
        for (String wrong : List.of("/x:1M:exec:exec", "/x:1M:noexec", "x", "/x:exec:1M")) {
            assertThatThrownBy(() -> TmpfsMount.parse(wrong)).isInstanceOf(InvalidSpecException.class);
        }
    }

    @Test
    void aWorkspaceIsExecutableByDefaultInAgentModeOnly() {
        for (Mode mode : Mode.values()) {
            assertThat(WorkspaceMount.parse("/w", mode).execute())
                    .as("%s", mode)
                    .isEqualTo(mode == Mode.AGENT);
            assertThat(WorkspaceMount.parse("/w:bind-ro", mode).execute()).isEqualTo(mode == Mode.AGENT);
            assertThat(WorkspaceMount.parse("/w:exec", mode).execute()).isTrue();
            assertThat(WorkspaceMount.parse("/w:copy-in-out:noexec", mode))
                    .isEqualTo(new WorkspaceMount(Path.of("/w"), WorkspaceMount.Access.COPY_IN_OUT, false));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "65536", "-1", "http", ""})
    void portsEndAt65535(String text) {
        assertThatThrownBy(() -> Port.parse(text)).isInstanceOf(InvalidSpecException.class);
    }

    @Test
    void backoffGrowsByItsFactorUpToItsCeiling() {
        var backoff =
                new RestartPolicy.Backoff(Duration.ofMillis(200), 2, Duration.ofSeconds(1), Duration.ofMinutes(10));

        assertThat(backoff.delay(0)).isEqualTo(Duration.ofMillis(200));
        assertThat(backoff.delay(1)).isEqualTo(Duration.ofMillis(400));
        assertThat(backoff.delay(3)).isEqualTo(Duration.ofSeconds(1));
        assertThat(backoff.delay(Integer.MAX_VALUE)).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void onFailureRestartsAfterFailuresOnlyAndOnlySoOften() {
        RestartPolicy policy = RestartPolicy.parse("on-failure:2");

        assertThat(policy.restartsAfter(0, 0)).isFalse();
        assertThat(policy.restartsAfter(1, 1)).isTrue();
        assertThat(policy.restartsAfter(1, 2)).isFalse();
        assertThat(RestartPolicy.parse("always").restartsAfter(0, 1000)).isTrue();
        assertThat(RestartPolicy.parse("no").restartsAfter(1, 0)).isFalse();
        assertThatThrownBy(() -> RestartPolicy.parse("sometimes")).hasMessageContaining("on-failure:5");
    }

    @ParameterizedTest
    @CsvSource({"PT0S, 0", "PT0.01S, 10000000", "PT23999976H, 2305843009213693951"})
    void aDeadlineIsSetWithinWhatTheClockCounts(String text, long nanos) {
        assertThat(Durations.nanos(Duration.parse(text))).isEqualTo(nanos);
    }
}
