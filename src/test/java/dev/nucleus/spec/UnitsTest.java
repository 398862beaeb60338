package dev.nucleus.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.support.Seeds;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
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
        "1T, 1099511627776",
        "3b, 3",
        "4kb, 4096",
        "' 5m ', 5242880",
        "9007199254740991K, 9223372036854774784"
    })
    void sizesCountIn1024s(String text, long bytes) {
        assertThat(MemorySize.parse(text).bytes()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0",
                "-1",
                "1.5G",
                "512X",
                "999999999999T",
                "M",
                "1 000",
                "0x10",
                "512i",
                "512iB",
                "9007199254740992K"
            })
    void anInvalidSizeIsRefusedNotRounded(String text) {
        assertThatThrownBy(() -> MemorySize.parse(text)).isInstanceOf(InvalidSpecException.class);
    }

    @ParameterizedTest
    @MethodSource("dev.nucleus.support.Seeds#seeds")
    void aSizeRoundTrips(long seed) {
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
    void aDurationBeyondTheClocksRangeIsRefused() {
        assertThat(Durations.parse("36500d")).isEqualTo(Durations.MAX);
        assertThat(Durations.MAX.multipliedBy(2).toNanos()).isPositive();
        for (String text : List.of("36501d", "999999d999999h", "999999h", "36500d1ms")) {
            assertThatThrownBy(() -> Durations.parse(text))
                    .isInstanceOf(InvalidSpecException.class)
                    .hasMessageContaining("longer than 36500d");
        }
    }

    @Test
    void aSettingBeyondTheClocksRangeIsRefused() {
        assertThat(Durations.requireCountable("keep", Durations.MAX)).isEqualTo(Durations.MAX);
        assertThat(Durations.requireCountable("keep", Duration.ZERO)).isZero();
        for (Duration wrong : List.of(Durations.MAX.plusMillis(1), Duration.ofMillis(-1))) {
            assertThatThrownBy(() -> Durations.requireCountable("keep", wrong))
                    .isInstanceOf(InvalidSpecException.class)
                    .hasMessageStartingWith("keep is ")
                    .hasMessageEndingWith("between 0s and 36500d");
        }
    }

    @ParameterizedTest
    @MethodSource("dev.nucleus.support.Seeds#seeds")
    void aDurationRoundTrips(long seed) {
        Duration duration = Duration.ofMillis(Seeds.random(seed).nextLong(100L * 86_400_000));

        assertThat(Durations.parse(Durations.format(duration))).isEqualTo(duration);
    }

    @ParameterizedTest
    @CsvSource({"0.5, 50000", "2, 200000", "0.001, 1000", "65536, 6553600000"})
    void cpusBecomeAQuotaOfAtLeastTheKernelsMinimum(String text, long quota) {
        assertThat(Cpus.parse(text).quotaMicros()).isEqualTo(quota);
    }

    @ParameterizedTest
    @ValueSource(strings = {"2d", "0x1p3", "1.5f", "٢", "1e400", "0", "-1", "NaN", "Infinity", "65537", "1e300", "two"})
    void absurdCpuCountsAreRefusedNotOverflowed(String text) {
        assertThatThrownBy(() -> Cpus.parse(text)).isInstanceOf(InvalidSpecException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "TERM, 15",
        "SIGTERM, 15",
        "sigint, 2",
        "9, 9",
        "RTMIN, 34",
        "RTMIN+3, 37",
        "RTMAX, 64",
        "RTMAX-1, 63",
        "SIGRTMIN+30, 64",
        "RTMAX-30, 34",
        "SYS, 31"
    })
    void signalsHaveNamesAndNumbers(String text, int number) {
        assertThat(Signal.parse(text).number()).isEqualTo(number);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "65", "FOO", "", "RTMIN+31", "-1", "RTMAX-31", "SIGSIGTERM", "RTMIN-1"})
    void anInvalidSignalIsRefused(String text) {
        assertThatThrownBy(() -> Signal.parse(text)).isInstanceOf(InvalidSpecException.class);
    }

    @Test
    void aNumericUserNeedsAGroup() {
        assertThat(User.parse("70:70")).isEqualTo(new User("70", Optional.of("70"), List.of()));
        assertThat(User.parse("postgres").group()).isEmpty();
        assertThatThrownBy(() -> User.parse("70")).hasMessageContaining("needs a group");
        assertThat(User.number("2147483647")).contains(2_147_483_647);
        assertThat(User.number("0")).contains(0);
        assertThat(List.of("", "a", "7a", "-7", "/7", ":7"))
                .allSatisfy(name -> assertThat(User.number(name)).isEmpty());
        for (String number : List.of("2147483648", "4294967295", "99999999999999999999")) {
            assertThatThrownBy(() -> User.number(number))
                    .isInstanceOf(InvalidSpecException.class)
                    .hasMessage("'" + number + "' is not a user or group number; at most 2147483647");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "relative", "/a/../b", "/a//b", "/a/./b", "", "/a\0b", "/.."})
    void containerPathsAreAbsoluteAndNormalized(String path) {
        assertThatThrownBy(() -> ContainerPath.check(path)).isInstanceOf(InvalidSpecException.class);
    }

    @Test
    void aTrailingSlashOfAContainerPathIsIgnored() {
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
                .as("ambiguous: a path of that name, or an option")
                .hasMessageContaining("Write db:/data:exec for the option");
    }

    @Test
    void inMemoryMountsAreExecutableOnlyIfRequested() {
        assertThat(TmpfsMount.parse("/x")).isEqualTo(new TmpfsMount("/x", MemorySize.parse("64M"), false));
        assertThat(TmpfsMount.parse("/x:1M")).isEqualTo(new TmpfsMount("/x", MemorySize.parse("1M"), false));
        assertThat(TmpfsMount.parse("/x:exec")).isEqualTo(new TmpfsMount("/x", MemorySize.parse("64M"), true));
        assertThat(TmpfsMount.parse("/x:1M:exec")).isEqualTo(new TmpfsMount("/x", MemorySize.parse("1M"), true));
        assertThat(HomeMount.parse("1M:exec")).isEqualTo(new HomeMount(MemorySize.parse("1M"), true));
        assertThat(HomeMount.parse("1M")).isEqualTo(new HomeMount(MemorySize.parse("1M"), false));
        for (String wrong : List.of("/x:1M:exec:exec", "/x:1M:noexec", "x", "exec", "/x:exec:1M")) {
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
    void onFailureRestartsOnlyAfterFailuresUpToItsLimit() {
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
    void aDeadlineWithinTheClocksRangeIsUnchanged(String text, long nanos) {
        assertThat(Durations.nanos(Duration.parse(text))).isEqualTo(nanos);
    }

    @Test
    void anInvalidOrTooLargeSizeIsExplained() {
        assertThatThrownBy(() -> MemorySize.parse("12X"))
                .hasMessage("'12X' is not a size; write bytes or K, M, G, T, such as 512M");
        assertThatThrownBy(() -> MemorySize.parse("9007199254740992K"))
                .hasMessage("'9007199254740992K' is more than 2^63 bytes");
    }

    @ParameterizedTest
    @CsvSource({
        "1023, 1023",
        "1024, 1K",
        "1025, 1025",
        "1536, 1536",
        "1048576, 1M",
        "1073741824, 1G",
        "1125899906842624, 1024T"
    })
    void aSizeIsWrittenInTheLargestUnitThatItIsAMultipleOf(long bytes, String text) {
        assertThat(new MemorySize(bytes)).hasToString(text);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0B",
        "1023, 1023B",
        "1024, 1.0K",
        "1536, 1.5K",
        "1048576, 1.0M",
        "1073741824, 1.0G",
        "1125899906842624, 1024.0T"
    })
    void anApproximateSizeHasOneDecimalOfTheLargestUnit(long bytes, String text) {
        assertThat(MemorySize.approximate(bytes)).isEqualTo(text);
    }

    @Test
    void aMemoryLimitIsAtLeastOneMebibyteAndOtherSizesAPage() {
        assertThat(MemorySize.parseLimit("1M").bytes()).isEqualTo(1 << 20);
        assertThat(MemorySize.parsePages("swap", "4096").bytes()).isEqualTo(4096);
        assertThatThrownBy(() -> MemorySize.parseLimit("1023K"))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("memory: '1023K' is 1047552 bytes, and the minimum is 1M; write 1M or more");
        assertThatThrownBy(() -> MemorySize.parsePages("swap", "4095"))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("swap: '4095' is 4095 bytes, and the minimum is 4K; write the unit too, such as 4095M");
    }

    @Test
    void kubernetesDurationsAreInSeconds() {
        assertThat(Durations.parseSeconds("90")).isEqualTo(Duration.ofSeconds(90));
        assertThat(Durations.parseSeconds("3153600000")).isEqualTo(Durations.MAX);
        assertThatThrownBy(() -> Durations.parseSeconds("3153600001"))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage(
                        "'3153600001' is longer than 36500d, the longest duration that is supported; write a shorter "
                                + "one");
        assertThatThrownBy(() -> Durations.parseSeconds("10s"))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("'10s' is not a number of seconds, such as 10");
    }

    @ParameterizedTest
    @CsvSource({"0, 0s", "1, 1ms", "1000, 1s", "61000, 1m1s", "3600000, 1h", "90061001, 1d1h1m1s1ms"})
    void aDurationIsWrittenInTheUnitsThatItHas(long millis, String text) {
        assertThat(Durations.format(Duration.ofMillis(millis))).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"PT-1S, 0", "PT24000000H, 2305843009213693951"})
    void aDeadlineIsClampedToTheClocksRange(String text, long nanos) {
        assertThat(Durations.nanos(Duration.parse(text))).isEqualTo(nanos);
    }

    @ParameterizedTest
    @CsvSource({"2, 2", "2.0, 2", "0.5, 0.5", "65536, 65536"})
    void cpusAreWrittenWithoutAnEmptyFraction(String text, String written) {
        assertThat(Cpus.parse(text)).hasToString(written);
    }

    @Test
    void anInvalidNumberOfCpusIsExplained() {
        assertThatThrownBy(() -> Cpus.parse("two")).hasMessage("'two' is not a number of cpus; write 0.5 or 2");
        assertThatThrownBy(() -> Cpus.parse("0")).hasMessage("cpus must be above 0 and at most 65536, was 0.0");
    }

    @ParameterizedTest
    @CsvSource({"1, SIGHUP", "15, SIGTERM", "31, SIGSYS", "32, 32", "33, 33", "34, SIGRTMIN+0", "64, SIGRTMIN+30"})
    void aSignalIsWrittenByItsName(int number, String text) {
        assertThat(new Signal(number)).hasToString(text);
        assertThat(Signal.parse(text)).isEqualTo(new Signal(number));
    }

    @Test
    void anInvalidSignalIsExplained() {
        assertThatThrownBy(() -> Signal.parse("FOO"))
                .hasMessage("'FOO' is not a signal; write TERM, SIGINT or a number");
        for (String text : List.of("RTMIN+31", "RTMAX-31")) {
            assertThatThrownBy(() -> Signal.parse(text))
                    .hasMessage("'" + text + "' is not a signal; real-time signals are RTMIN to RTMIN+30");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ":", "a:", ":b", "a:b:c"})
    void anInvalidUserIsRefused(String text) {
        assertThatThrownBy(() -> User.parse(text))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("'" + text + "' is not a user; write name, name:group or 70:70");
    }

    @ParameterizedTest
    @ValueSource(strings = {"70:80", "postgres", "postgres:80"})
    void aUserIsWrittenAsItIsRead(String text) {
        assertThat(User.parse(text)).hasToString(text);
    }

    @Test
    void aNameHas63CharactersAtMost() {
        String longest = "a".repeat(63);

        assertThat(ContainerName.check("service", longest)).isEqualTo(longest);
        assertThat(ContainerName.check("service", "9a_.-B")).isEqualTo("9a_.-B");
        for (String name : List.of(longest + "a", "", "-a", ".a", "_a", "a/b", "ä")) {
            assertThatThrownBy(() -> ContainerName.check("service", name))
                    .isInstanceOf(InvalidSpecException.class)
                    .hasMessage(
                            "'" + name + "' can't name a service; use letters, digits, '-', '_' and '.', begin with a "
                                    + "letter or digit, at most 63 characters");
        }
    }

    @Test
    void anInvalidContainerPathIsExplained() {
        for (String path : List.of("relative", "/a\0b")) {
            assertThatThrownBy(() -> ContainerPath.check(path))
                    .hasMessage("'" + path + "' must be an absolute path inside the container");
        }
        for (String path : List.of("/", "/a/..", "/a//b", "//")) {
            assertThatThrownBy(() -> ContainerPath.check(path))
                    .hasMessage("'" + path + "' must be a normal path inside the container, without '..', '.' or '//', "
                            + "and not /");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"docker", "containerd", "podman", "crio", "nucleus", "spawner"})
    void theSocketOfAContainerManagerIsRefusedAsAVolume(String name) {
        String socket = "/run/" + name + ".sock";

        assertThatThrownBy(() -> VolumeMount.parse(socket + ":/x"))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("'" + socket
                        + "' would give the container root on the host: it is the socket of a container manager");
        assertThat(VolumeMount.parse(socket + "et:/x").source()).isEqualTo(socket + "et");
    }

    @Test
    void anInvalidVolumeIsExplained() {
        assertThatThrownBy(() -> VolumeMount.parse("/:/data"))
                .hasMessage("the host's root directory can't be a volume; name the directory that is needed");
        assertThatThrownBy(() -> VolumeMount.parse("db:/data:rx"))
                .hasMessage("'db:/data:rx' is not a volume; write source:/target, source:/target:ro or "
                        + "source:/target:rw,exec");
        assertThatThrownBy(() -> VolumeMount.parse("a b:/x")).hasMessageStartingWith("'a b' can't name a volume; ");
        assertThat(VolumeMount.parse("/srv/:/data/")).isEqualTo(new VolumeMount("/srv", "/data", false));
    }

    @ParameterizedTest
    @CsvSource({"/x, /x:64M", "/x:1M, /x:1M", "/x:exec, /x:64M:exec", "/x:4K:exec, /x:4K:exec"})
    void aTmpfsIsWrittenWithItsSize(String text, String written) {
        assertThat(TmpfsMount.parse(text)).hasToString(written);
    }

    @Test
    void aContextIsACopyUnlessItIsBound() {
        assertThat(ContextMount.parse("/src")).isEqualTo(new ContextMount(Path.of("/src"), ContextMount.Mode.COPY));
        assertThat(ContextMount.parse("/src/../a:bind"))
                .isEqualTo(new ContextMount(Path.of("/a"), ContextMount.Mode.BIND));
        assertThatThrownBy(() -> ContextMount.parse("src"))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("'src' must be an absolute path of the host");
        assertThatThrownBy(() -> ContextMount.parse("/a/..:copy"))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("the host's root directory can't be mounted; name the directory that is needed");
    }

    @Test
    void aWorkspaceIsBoundUnlessItIsCopied() {
        assertThat(WorkspaceMount.parse("/w", Mode.AGENT))
                .isEqualTo(new WorkspaceMount(Path.of("/w"), WorkspaceMount.Access.BIND_RW, true));
        assertThat(WorkspaceMount.parse("/w:bind-ro", Mode.AGENT).copied()).isFalse();
        assertThat(WorkspaceMount.parse("/w:copy-in-out", Mode.AGENT).copied()).isTrue();
        for (String text : List.of("/w:bind-rw:bind-ro", "/w:bind-rw:bind-ro:exec")) {
            assertThatThrownBy(() -> WorkspaceMount.parse(text, Mode.AGENT))
                    .isInstanceOf(InvalidSpecException.class)
                    .hasMessage("'" + text + "' is not a workspace; write /dir, /dir:copy-in-out or /dir:bind-rw:exec");
        }
        assertThatThrownBy(() -> WorkspaceMount.parse("exec", Mode.AGENT))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("'exec' must be an absolute path of the host");
    }

    @Test
    void aSecretIsAFileOrACredentialForAFileInRunSecrets() {
        assertThat(SecretMount.parse("/keys/db:db")).isEqualTo(new SecretMount("/keys/db", "/run/secrets/db", 0400));
        assertThat(SecretMount.parse("/keys/db:/run/secrets/x"))
                .isEqualTo(new SecretMount("/keys/db", "/run/secrets/x", 0400));
        assertThat(SecretMount.parse("systemd:db.key:x"))
                .isEqualTo(new SecretMount("systemd:db.key", "/run/secrets/x", 0400));
        for (String text : List.of("/keys/db", ":db", "systemd:db")) {
            assertThatThrownBy(() -> SecretMount.parse(text))
                    .isInstanceOf(InvalidSpecException.class)
                    .hasMessage("'" + text + "' is not a secret; write /host/file:name");
        }
        for (String target : List.of("/etc/x", "/run/secrets", "/run/secrets/a/b", "/run/secrets.d/a")) {
            assertThatThrownBy(() -> SecretMount.parse("/keys/db:" + target))
                    .isInstanceOf(InvalidSpecException.class)
                    .hasMessage("a secret's target is a file in /run/secrets, was " + target);
        }
        assertThatThrownBy(() -> SecretMount.parse("systemd:../x:y"))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("'systemd:../x' names no credential; write systemd: and its name");
    }

    @ParameterizedTest
    @CsvSource({"0400, 256", "400, 256", "0o440, 288", "0755, 493"})
    void aModeIsOctal(String text, int mode) {
        assertThat(SecretMount.parseMode(text)).isEqualTo(mode);
        assertThat(new SecretMount("/a", "b", mode).mode()).isEqualTo(mode);
    }

    @ParameterizedTest
    @ValueSource(ints = {0420, 0402, 01400, 04400, -1})
    void aSecretMayNotBeWritableByOthers(int mode) {
        assertThatThrownBy(() -> new SecretMount("/a", "b", mode))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("a secret's mode must not allow others to write, was 0%o".formatted(mode));
    }

    @Test
    void aHomeIsAtLeastOnePage() {
        assertThat(HomeMount.parse("4K:exec")).isEqualTo(new HomeMount(new MemorySize(4096), true));
        assertThatThrownBy(() -> HomeMount.parse("1K:exec"))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("home: '1K' is 1024 bytes, and the minimum is 4K; write 4K or more");
    }

    @Test
    void aDeviceIsLimitedInBytesAndOperations() {
        IoLimit limit = IoLimit.parse(" 259:1048575 wiops=4 riops=3 wbps=8K rbps=4K ");

        assertThat(limit)
                .isEqualTo(new IoLimit(
                        259, 1_048_575, Optional.of(4096L), Optional.of(8192L), Optional.of(3L), Optional.of(4L)));
        assertThat(limit).hasToString("259:1048575 rbps=4096 wbps=8192 riops=3 wiops=4");
        assertThat(limit.device()).isEqualTo("259:1048575");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "8 rbps=1M         | '8 rbps=1M' is not a device limit; write MAJOR:MINOR rbps=10M wbps=10M riops=100 wiops=100",
                "8:0               | io of device 8:0 limits nothing; write one of rbps=, wbps=, riops=, wiops=",
                "8:0 fbps=1M       | 'fbps=1M' is none of rbps=, wbps=, riops=, wiops=",
                "8:0 riops=1 riops=2 | 'riops=2' repeats a limit; write each once",
                "8:0 riops=0       | '0' is not a number of operations per second",
                "8:0 wiops=1M      | '1M' is not a number of operations per second",
                "8:0 wbps=1K       | io: '1K' is 1024 bytes, and the minimum is 4K; write 4K or more"
            })
    void anInvalidDeviceLimitIsExplained(String text, String message) {
        assertThatThrownBy(() -> IoLimit.parse(text))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage(message);
    }

    @Test
    void aContainerIsRestartedAsItsPolicySays() {
        RestartPolicy unlimited = RestartPolicy.parse("on-failure");

        assertThat(unlimited.restartsAfter(1, 1_000_000)).isTrue();
        assertThat(unlimited.restartsAfter(0, 0)).isFalse();
        assertThat(RestartPolicy.parse("unless-stopped").restartsAfter(0, 5)).isTrue();
        assertThat(RestartPolicy.parse("never").restartsAfter(1, 0)).isFalse();
        assertThat(RestartPolicy.parse("on-failure:999999").attempts()).hasValue(999_999);
        assertThatThrownBy(() -> RestartPolicy.parse("on-failure:0"))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage(
                        "'on-failure:0' is ambiguous: it reads as no restarts, but means no limit in Compose; write "
                                + "on-failure for restarts without a limit, or never");
    }

    @Test
    void aBackoffReplacesTheDefaultOne() {
        var backoff = new RestartPolicy.Backoff(Duration.ZERO, 1, Duration.ZERO, Duration.ZERO);
        RestartPolicy policy = RestartPolicy.parse("on-failure:2");

        assertThat(policy.withBackoff(backoff))
                .isEqualTo(new RestartPolicy(RestartPolicy.When.ON_FAILURE, OptionalInt.of(2), backoff));
        assertThat(policy.backoff())
                .isEqualTo(new RestartPolicy.Backoff(
                        Duration.ofMillis(200), 2, Duration.ofMinutes(1), Duration.ofMinutes(10)));
    }
}
