package dev.nucleus.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.spec.PolicySource;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SeccompProfilesTest {

    private static final Set<String> NEVER = Set.of(
            "ptrace",
            "process_vm_readv",
            "process_vm_writev",
            "keyctl",
            "add_key",
            "request_key",
            "bpf",
            "perf_event_open",
            "userfaultfd",
            "kexec_load",
            "kexec_file_load",
            "mount",
            "umount2",
            "move_mount",
            "open_tree",
            "fsopen",
            "fsmount",
            "mount_setattr",
            "pivot_root",
            "chroot",
            "unshare",
            "setns",
            "open_by_handle_at",
            "io_uring_setup",
            "io_uring_enter",
            "io_uring_register",
            "init_module",
            "finit_module",
            "delete_module",
            "reboot",
            "swapon",
            "settimeofday",
            "clock_settime",
            "mknod",
            "mknodat",
            "iopl",
            "ioperm",
            "syslog",
            "acct",
            "quotactl",
            "personality",
            "memfd_secret");

    static List<String> profiles() {
        return SeccompProfiles.names();
    }

    private static Set<String> allowed(SeccompProfile profile) {
        return profile.rules().stream()
                .filter(rule -> rule.errno().isEmpty() && rule.conditions().isEmpty())
                .flatMap(rule -> rule.names().stream())
                .collect(Collectors.toSet());
    }

    @ParameterizedTest
    @MethodSource("profiles")
    void noProfileAllowsCallsThatHelpToEscape(String name) {
        assertThat(allowed(SeccompProfiles.named(name))).doesNotContainAnyElementsOf(NEVER);
    }

    @ParameterizedTest
    @MethodSource("profiles")
    void dangerousCallsAreAllowedOnlyWithCertainArguments(String name) {
        SeccompProfile profile = SeccompProfiles.named(name);

        assertThat(allowed(profile)).doesNotContain("clone", "ioctl", "prctl", "socket", "execveat", "clone3");
        assertThat(profile.rules())
                .filteredOn(rule -> rule.names().contains("clone3"))
                .as("clone3 fails with ENOSYS, so that libc falls back to clone, whose flags can be filtered")
                .allMatch(rule -> rule.errno().orElse(0) == 38);
        assertThat(profile.rules()).anyMatch(rule -> rule.names().contains("clone3"));
    }

    @Test
    void onlyProfilesForJitCompilersAllowWritableExecutableMemory() {
        for (String name : List.of("default", "network-server", "database", "python-agent")) {
            assertThat(allowed(SeccompProfiles.named(name))).as(name).doesNotContain("mprotect");
        }
    }

    @ParameterizedTest
    @MethodSource("profiles")
    void aNamedProfileIsReadOnce(String name) {
        SeccompProfile profile = SeccompProfiles.named(name);

        assertThat(profile.name()).isEqualTo(name);
        assertThat(SeccompProfiles.of(new PolicySource.Named(name))).isSameAs(profile);
    }

    @Test
    void anUnknownProfileNameIsRefused() {
        assertThatThrownBy(() -> SeccompProfiles.named("../policies/default"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("no seccomp profile '../policies/default'");
    }

    @Test
    void aProfileThatAllowsByDefaultIsRefused() {
        assertThatThrownBy(() -> SeccompProfileParser.parse("x", "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}"))
                .hasMessageContaining("SCMP_ACT_ERRNO");
    }
}
