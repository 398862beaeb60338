package dev.nucleus.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.support.BpfMachine;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class SeccompCompilerTest {

    private static final int ALLOW = 0x7fff0000;
    private static final int EPERM = 0x00050001;
    private static final int USER_NOTIF = 0x7fc00000;
    private static final int ENOSYS = 0x00050026;
    private static final int X86_64 = 0xc000003e;
    private static final int I386 = 0x40000003;
    private static final int X32_BIT = 0x40000000;
    private static final int MASKED_EQUAL = 7;

    private final byte[] program = SeccompCompiler.load()
            .compile(
                    OptionalInt.of(1),
                    List.of(
                            new SeccompCompiler.Rule("read", OptionalInt.empty(), List.of()),
                            new SeccompCompiler.Rule("clone3", OptionalInt.of(38), List.of()),
                            new SeccompCompiler.Rule(
                                    "clone",
                                    OptionalInt.empty(),
                                    List.of(new SeccompCompiler.Comparison(0, MASKED_EQUAL, 0x7e020000L, 0)))));

    @Test
    void namedCallsAreAllowedAndAllOthersRefused() {
        assertThat(run(X86_64, 0, 0)).as("read").isEqualTo(ALLOW);
        assertThat(run(X86_64, 1, 0)).as("write").isEqualTo(EPERM);
        assertThat(run(X86_64, 435, 0)).as("clone3").isEqualTo(ENOSYS);
    }

    @Test
    void argumentsAreCompared() {
        assertThat(run(X86_64, 56, 0x1200011)).as("clone as called by fork").isEqualTo(ALLOW);
        assertThat(run(X86_64, 56, 0x10000000))
                .as("clone with a user namespace")
                .isEqualTo(EPERM);
    }

    @Test
    void foreignArchitecturesAreRefused() {
        assertThat(run(I386, 3, 0)).as("read of i386").isEqualTo(EPERM);
        assertThat(run(X86_64, X32_BIT, 0)).as("read of x32").isEqualTo(EPERM);
    }

    /** ERRNO | 0x7ffa0000 is ALLOW (linux/seccomp.h). */
    @Test
    void anErrorNumberCannotTurnARefusalIntoAnotherAction() {
        SeccompCompiler compiler = SeccompCompiler.load();
        for (int errno : new int[] {-1, 4096, 0x7ffa0000}) {
            OptionalInt number = OptionalInt.of(errno);
            assertThatThrownBy(() -> compiler.compile(number, List.of()))
                    .isInstanceOf(KernelException.class)
                    .hasMessageContaining("0 to 4095, was " + errno);
            assertThatThrownBy(() -> compiler.compile(
                            OptionalInt.of(1), List.of(new SeccompCompiler.Rule("chmod", number, List.of()))))
                    .isInstanceOf(KernelException.class);
        }
    }

    @Test
    void callsWithoutARuleGoToTheListenerWhenThereIsOne() {
        SeccompCompiler compiler = SeccompCompiler.load();
        byte[] reporting = compiler.compile(
                OptionalInt.empty(), List.of(new SeccompCompiler.Rule("read", OptionalInt.empty(), List.of())));

        assertThat(run(reporting, X86_64, 0, 0)).isEqualTo(ALLOW);
        assertThat(run(reporting, X86_64, 1, 0)).isEqualTo(USER_NOTIF);
        assertThat(run(reporting, I386, 3, 0)).isEqualTo(USER_NOTIF);
        assertThat(run(reporting, X86_64, X32_BIT, 0)).isEqualTo(USER_NOTIF);
    }

    @Test
    void callsNewerThanTheLibraryHaveNumbersAndNamesToo() {
        SeccompCompiler compiler = SeccompCompiler.load();

        assertThat(compiler.name(0)).isEqualTo("read");
        assertThat(compiler.name(462)).isEqualTo("mseal");
        assertThat(compiler.number("fchmodat2")).hasValue(452);
        assertThat(compiler.unknown(List.of("read", "fly", "mseal", "swim"))).containsExactly("fly", "swim");
        assertThat(compiler.name(9_999)).contains("9999");
    }

    @Test
    void anUnknownCallIsAnError() {
        assertThatThrownBy(() -> SeccompCompiler.load()
                        .compile(
                                OptionalInt.of(1),
                                List.of(new SeccompCompiler.Rule("fly", OptionalInt.empty(), List.of()))))
                .isInstanceOf(KernelException.class)
                .hasMessageContaining("'fly'");
    }

    private int run(int architecture, int syscall, long argument) {
        return BpfMachine.run(program, architecture, syscall, argument);
    }

    private static int run(byte[] program, int architecture, int syscall, long argument) {
        return BpfMachine.run(program, architecture, syscall, argument);
    }
}
