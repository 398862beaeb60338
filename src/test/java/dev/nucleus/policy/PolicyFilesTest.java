package dev.nucleus.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.spec.PolicySource;
import dev.nucleus.spec.Port;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyFilesTest {

    @TempDir
    private Path directory;

    private PolicySource.File file(String text) throws IOException {
        return new PolicySource.File(Files.writeString(directory.resolve("policy"), text), Optional.empty());
    }

    @Test
    void aLandlockPolicyNamesPathsPortsAndTheMinimumAbi() throws IOException {
        LandlockPolicy policy = LandlockPolicy.read(file("""
                min-abi: 3
                rules:
                  - {path: /usr, access: [read, execute, readdir]}
                  - {path: /data, access: [read, write, create, remove, readdir]}
                tcp-bind: [8080]
                tcp-connect: []
                """));

        assertThat(policy.rules())
                .contains(new LandlockPolicy.Rule(
                        "/usr",
                        Set.of(
                                LandlockPolicy.Access.READ,
                                LandlockPolicy.Access.EXECUTE,
                                LandlockPolicy.Access.READDIR)));
        assertThat(policy.bind()).contains(List.of(new Port(8080)));
        assertThat(policy.connect()).contains(List.of());
        assertThat(policy.minAbi()).as("ports need ABI 4").isEqualTo(4);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "                    | 3",
                "min-abi: 1          | 1",
                "min-abi: 7          | 7",
                "tcp-bind: [8080]    | 4",
                "tcp-connect: [5432] | 4",
                "tcp-connect: []     | 4",
            })
    void theMinimumAbiIs3AndWithPorts4(@Nullable String field, int minAbi) throws IOException {
        LandlockPolicy policy = LandlockPolicy.read(file("rules: []\n" + (field == null ? "" : field)));

        assertThat(policy.minAbi()).isEqualTo(minAbi);
    }

    @Test
    void portsWithoutARuleAreNotRestricted() throws IOException {
        LandlockPolicy policy = LandlockPolicy.read(file("rules: []\ntcp-connect: [5432, 53]\n"));

        assertThat(policy.bind()).isEmpty();
        assertThat(policy.connect()).contains(List.of(new Port(5432), new Port(53)));
    }

    @ParameterizedTest
    @CsvSource({"0", "8", "-1"})
    void anUnknownAbiIsRefusedWithAndWithoutPorts(int abi) throws IOException {
        for (String ports : List.of("", "tcp-bind: [80]\n")) {
            PolicySource.File source = file("min-abi: %d\nrules: []\n%s".formatted(abi, ports));

            assertThatThrownBy(() -> LandlockPolicy.read(source))
                    .isInstanceOf(PolicyViolationException.class)
                    .hasMessage("landlock: " + source.path() + ":1:10: min-abi must be 1 to 7, was " + abi);
        }
    }

    @Test
    void everyMistakeInALandlockPolicyIsReportedWithItsPosition() throws IOException {
        PolicySource.File source = file("""
                rules:
                  - {path: usr, access: [read]}
                  - {path: /x, access: [fly]}
                  - {path: /y, access: [read], mode: 3}
                mod: 3
                """);

        assertThatThrownBy(() -> LandlockPolicy.read(source))
                .isInstanceOfSatisfying(
                        PolicyViolationException.class,
                        e -> assertThat(e.refusals())
                                .extracting(
                                        refusal -> refusal.replace(source.path().toString(), "FILE"))
                                .containsExactlyInAnyOrder(
                                        "landlock: FILE:2:5: 'usr' must be an absolute path inside the container",
                                        "landlock: FILE:3:25: 'fly' is not an access right; use read, write, execute,"
                                                + " create, remove, readdir or ioctl",
                                        "landlock: FILE:4:32: unknown field 'mode'; known here: access, path",
                                        "landlock: FILE:5:1: unknown field 'mod'; known here: min-abi, rules, tcp-bind,"
                                                + " tcp-connect"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "# nothing yet\n"})
    void anEmptyPolicyFileIsRefused(String text) throws IOException {
        PolicySource.File source = file(text);

        assertThatThrownBy(() -> CapabilityPolicy.read(source))
                .isInstanceOf(PolicyViolationException.class)
                .hasMessage("capabilities: " + source.path() + ":1:1: the file is empty");
    }

    @Test
    void aMissingFileIsRefused() {
        Path missing = directory.resolve("missing");

        assertThatThrownBy(() -> CapabilityPolicy.read(new PolicySource.File(missing, Optional.empty())))
                .isInstanceOf(PolicyViolationException.class)
                .hasMessage("capabilities: can't read " + missing + ": there is no such file");
    }

    @Test
    void aPolicyFileHasAtMost1MiB() throws IOException {
        String text = "rules: []\n";
        String comment = "#".repeat((1 << 20) - text.length());

        assertThat(LandlockPolicy.read(file(text + comment)).rules()).isEmpty();

        PolicySource.File larger = file(text + comment + "#");
        assertThatThrownBy(() -> LandlockPolicy.read(larger))
                .isInstanceOf(PolicyViolationException.class)
                .hasMessage("landlock: " + larger.path() + " is larger than 1048576 bytes");
    }

    @Test
    void aCapabilityPolicyListsTheCapabilitiesOfEachSet() throws IOException {
        CapabilityPolicy policy = CapabilityPolicy.read(
                file("bounding: {keep: [NET_BIND_SERVICE, CHOWN]}\neffective: {keep: [cap_net_bind_service]}\n"));

        assertThat(policy.bounding()).isEqualTo(EnumSet.of(Capability.NET_BIND_SERVICE, Capability.CHOWN));
        assertThat(policy.effective()).containsExactly(Capability.NET_BIND_SERVICE);
        assertThat(policy.ambient()).isEmpty();
        assertThat(CapabilityPolicy.bits(policy.bounding())).isEqualTo(1L << 10 | 1L);
    }

    @Test
    void aSetWithinTheOthersIsAccepted() throws IOException {
        CapabilityPolicy policy = CapabilityPolicy.read(file("""
                bounding: {keep: [CHOWN, KILL, SYS_CHROOT]}
                effective: {keep: [CHOWN, KILL]}
                inheritable: {keep: [KILL, SYS_CHROOT]}
                ambient: {keep: [CAP_KILL]}
                """));

        assertThat(policy)
                .isEqualTo(new CapabilityPolicy(
                        Set.of(Capability.CHOWN, Capability.KILL, Capability.SYS_CHROOT),
                        Set.of(Capability.CHOWN, Capability.KILL),
                        Set.of(Capability.KILL, Capability.SYS_CHROOT),
                        Set.of(Capability.KILL)));
    }

    @Test
    void aCapabilityIsRemovedFromEverySet() {
        CapabilityPolicy policy = CapabilityPolicy.keeping(Set.of(Capability.SETFCAP, Capability.KILL));

        assertThat(policy.without(Capability.SETFCAP)).isEqualTo(CapabilityPolicy.keeping(Set.of(Capability.KILL)));
        assertThat(policy.without(Capability.CHOWN)).isEqualTo(policy);
        assertThat(List.of(policy.bounding(), policy.effective(), policy.inheritable(), policy.ambient()))
                .containsOnly(Set.of(Capability.SETFCAP, Capability.KILL));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ambient: {keep: [CHOWN]}                                 | which effective does not",
                "effective: {keep: [CHOWN]}                               | which bounding does not",
                "inheritable: {keep: [CHOWN]}                             | which bounding does not",
                "{bounding: {keep: [CHOWN]}, effective: {keep: [CHOWN]}, ambient: {keep: [CHOWN]}} | ambient keeps [CHOWN], which inheritable does not: the kernel would refuse that",
                "bounding: {keep: [FLY]}                                  | no capability 'FLY'",
                "bounding: {drop: [CHOWN]}                                | unknown field 'drop'",
            })
    void invalidCapabilityPoliciesAreRefused(String text, String reason) throws IOException {
        PolicySource.File source = file(text);

        assertThatThrownBy(() -> CapabilityPolicy.read(source))
                .isInstanceOf(PolicyViolationException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void aPinAppliesToTheBytesThatAreUsed() throws Exception {
        String text = "rules: [{path: /usr, access: [read]}]";
        PolicySource.File source = file(text);
        String digest = HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));

        assertThat(LandlockPolicy.read(new PolicySource.File(source.path(), Optional.of(digest)))
                        .rules())
                .hasSize(1);
        Files.writeString(source.path(), text + " ");
        assertThatThrownBy(() -> LandlockPolicy.read(new PolicySource.File(source.path(), Optional.of(digest))))
                .isInstanceOf(PolicyViolationException.class)
                .hasMessageContaining(digest)
                .hasMessageContaining("is pinned");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{                                                                     | not valid JSON",
                "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": []}             | names no system call",
                "{\"defaultAction\": \"SCMP_ACT_LOG\", \"syscalls\": []}               | must be SCMP_ACT_ERRNO",
                "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"listenerPath\": \"/x\", \"syscalls\": []} | listenerPath",
            })
    void aSeccompProfileThatIsNotUnderstoodIsRefused(String json, String reason) throws IOException {
        PolicySource.File source = file(json);

        assertThatThrownBy(() -> SeccompProfiles.of(source))
                .isInstanceOf(PolicyViolationException.class)
                .hasMessageContaining(reason);
    }

    @ParameterizedTest
    @CsvSource({"clone", "ioctl", "prctl", "socket", "socketpair", "mprotect", "execveat", "fcntl", "madvise"})
    void callsAllowedByNameAloneGetTheBuiltInFilters(String name) throws IOException {
        SeccompProfile profile = SeccompProfiles.of(file(
                "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": [\"read\", \"%s\", \"clone3\"], \"action\": \"SCMP_ACT_ALLOW\"}]}"
                        .formatted(name)));

        assertThat(profile.allows("read")).isTrue();
        assertThat(profile.allows(name)).isFalse();
        assertThat(profile.rules())
                .anyMatch(rule ->
                        rule.names().contains(name) && !rule.conditions().isEmpty());
        assertThat(profile.rules())
                .filteredOn(rule -> rule.names().contains("clone3"))
                .allMatch(rule -> rule.errno().orElse(0) == 38);
        assertThat(profile.warnings()).anyMatch(warning -> warning.contains(name));
    }

    @Test
    void theWarningsSayHowAProfileWasChanged() throws IOException {
        SeccompProfile profile = SeccompProfiles.of(file("""
                {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
                  {"names": ["read", "socket", "clone", "clone3"], "action": "SCMP_ACT_ALLOW"},
                  {"names": ["ioctl"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 1, "value": 1, "op": "SCMP_CMP_EQ"}]},
                  {"names": ["fcntl"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13}]}
                """));

        assertThat(profile.warnings())
                .containsExactly(
                        "allows clone, socket by name alone: the built-in filters of their arguments were added",
                        "allows clone3, whose flags no filter can see: it fails with ENOSYS, and libc uses clone");
        assertThat(ProfileAnswers.allows(profile, "ioctl", 0, 1))
                .as("the profile's own conditions")
                .isTrue();
        assertThat(ProfileAnswers.answer(profile, "fcntl", 0, 0)).hasValue(13);
        assertThat(ProfileAnswers.allows(profile, "socket", 1, 1, 0)).isTrue();
        assertThat(ProfileAnswers.allows(profile, "socket", 17, 3, 0)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"names\": [\"clone3\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 1}",
                "{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\"}",
                "{\"names\": [\"clone3\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": [{\"index\": 1, \"value\": 88, \"op\": \"SCMP_CMP_EQ\"}]}"
            })
    void clone3AlwaysFailsWithEnosys(String rule) throws IOException {
        SeccompProfile profile =
                SeccompProfiles.of(file("{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [%s]}".formatted(rule)));

        assertThat(ProfileAnswers.answer(profile, "clone3", 0, 88)).hasValue(38);
        assertThat(profile.rules()).noneMatch(each -> each.names().isEmpty());
        assertThat(profile.warnings()).hasSize(rule.contains("clone3") && rule.contains("ALLOW") ? 1 : 0);
    }

    @Test
    void aSeccompProfileIsParsedOnceForEachContent() throws IOException {
        String json =
                "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": [\"%s\"], \"action\": \"SCMP_ACT_ALLOW\"}]}";
        SeccompProfile first = SeccompProfiles.of(file(json.formatted("read")));

        assertThat(SeccompProfiles.of(file(json.formatted("read")))).isSameAs(first);
        assertThat(SeccompProfiles.of(file(json.formatted("write"))).allows("write"))
                .isTrue();
    }
}
