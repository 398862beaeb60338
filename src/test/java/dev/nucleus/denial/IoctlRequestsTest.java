package dev.nucleus.denial;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.nucleus.kernel.SeccompCompiler;
import dev.nucleus.policy.SeccompProfile;
import dev.nucleus.policy.SeccompProfiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IoctlRequestsTest {

    private final SystemCalls calls = new SystemCalls(SeccompCompiler.load());

    @ParameterizedTest
    @CsvSource({
        "0x8933, SIOCGIFINDEX, names and addresses of network interfaces are for containers with a network",
        "0x5412, TIOCSTI, it injects input into a terminal as if its user had typed it (CVE-2017-5226)",
        "0x5405, TCGETA, the profile allows only the terminal requests that programs need",
        "0x8914, SIOCSIFFLAGS, 'it changes network interfaces, routes or neighbours'",
        "0x8946, SIOCETHTOOL, it controls a network driver",
        "0x1260, BLKGETSIZE, it reads or changes a whole disk",
        "0x4b3a, KDSETMODE, it controls the host's console",
        "0xae01, KVM_CREATE_VM, 'it creates virtual machines, which exposes much of the kernel''s code'",
        "0xdead, 0xdead, 'the profile lists the requests that it allows, and this is not one of them'"
    })
    void aDeniedRequestHasItsNameAndItsOwnReason(long number, String name, String reason) {
        assertThat(calls.argument("ioctl", number)).contains(name);
        assertThat(calls.reason("ioctl", number)).isEqualTo(reason);
    }

    /** The kernel reads only the lower half; musl passes an int, which may be negative. */
    @Test
    void theUpperHalfOfTheArgumentIsIgnored() {
        assertThat(calls.argument("ioctl", 0xffff_ffff_8004_5430L)).contains("TIOCGPTN");
    }

    @ParameterizedTest
    @ValueSource(strings = {"default", "network-server", "database", "jvm", "node", "python-agent"})
    void everyRequestThatAProfileNamesIsKnown(String profile) {
        SeccompProfiles.named(profile).rules().stream()
                .filter(rule -> rule.names().contains("ioctl"))
                .flatMap(rule -> rule.conditions().stream())
                .filter(condition -> condition.index() == 1 && condition.operator() == SeccompProfile.Operator.EQUAL)
                .forEach(condition -> assertThat(IoctlRequests.name(condition.value()))
                        .as("0x%x", condition.value())
                        .isPresent());
    }

    @Test
    void everyKnownRequestHasAReason() {
        assertThat(IoctlRequests.names()).hasSizeGreaterThan(300);
        IoctlRequests.names()
                .keySet()
                .forEach(number ->
                        assertThatCode(() -> IoctlRequests.reason(number)).doesNotThrowAnyException());
    }

    @Test
    void argumentsOfOtherCallsAreNamedToo() {
        assertThat(calls.argument("prctl", 22)).contains("PR_SET_SECCOMP");
        assertThat(calls.argument("prctl", 0x1000)).contains("0x1000");
        assertThat(calls.argument("fcntl", 1024)).contains("F_SETLEASE");
        assertThat(calls.argument("madvise", 12)).contains("MADV_MERGEABLE");
        assertThat(calls.argument("bpf", 5)).contains("BPF_PROG_LOAD");
        assertThat(calls.reason("ptrace", 0)).contains("debugger");
    }
}
