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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolicyFilesTest {

    @TempDir
    private Path directory;

    private PolicySource.File file(String text) throws IOException {
        return new PolicySource.File(Files.writeString(directory.resolve("policy"), text), Optional.empty());
    }

    @Test
    void aLandlockPolicyNamesPathsPortsAndTheLeastVersion() throws IOException {
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
        assertThat(policy.minAbi()).as("ports came with ABI 4").isEqualTo(4);
    }

    @Test
    void everyMistakeInALandlockPolicyHasItsPlace() throws IOException {
        PolicySource.File source =
                file("rules:\n  - {path: usr, access: [read]}\n  - {path: /x, access: [fly]}\nmod: 3\n");

        assertThatThrownBy(() -> LandlockPolicy.read(source))
                .isInstanceOfSatisfying(
                        PolicyViolationException.class,
                        e -> assertThat(e.refusals())
                                .hasSize(3)
                                .allMatch(refusal -> refusal.startsWith("landlock: "))
                                .anyMatch(refusal -> refusal.contains(":2:") && refusal.contains("usr"))
                                .anyMatch(refusal -> refusal.contains(":3:") && refusal.contains("fly"))
                                .anyMatch(refusal -> refusal.contains(":4:") && refusal.contains("mod")));
    }

    @Test
    void aCapabilityPolicyKeepsSetBySet() throws IOException {
        CapabilityPolicy policy = CapabilityPolicy.read(
                file("bounding: {keep: [NET_BIND_SERVICE, CHOWN]}\neffective: {keep: [cap_net_bind_service]}\n"));

        assertThat(policy.bounding()).isEqualTo(EnumSet.of(Capability.NET_BIND_SERVICE, Capability.CHOWN));
        assertThat(policy.effective()).containsExactly(Capability.NET_BIND_SERVICE);
        assertThat(policy.ambient()).isEmpty();
        assertThat(CapabilityPolicy.bits(policy.bounding())).isEqualTo(1L << 10 | 1L);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ambient: {keep: [CHOWN]}                                 | which effective does not",
                "effective: {keep: [CHOWN]}                               | which bounding does not",
                "bounding: {keep: [FLY]}                                  | no capability 'FLY'",
                "bounding: {drop: [CHOWN]}                                | unknown field 'drop'",
            })
    void whatTheKernelWouldRefuseIsRefusedHere(String text, String reason) throws IOException {
        PolicySource.File source = file(text);

        assertThatThrownBy(() -> CapabilityPolicy.read(source))
                .isInstanceOf(PolicyViolationException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void aPinIsOfTheBytesThatAreUsed() throws Exception {
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
    void whatIsAllowedByNameAloneGetsTheBuiltInFilters(String name) throws IOException {
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
}
