package dev.nucleus.shim;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.plan.LaunchStep;
import org.junit.jupiter.api.Test;

class LaunchExceptionTest {

    @Test
    void fileNamesInItsDetailAreEscapedToOneLine() {
        assertThat(new LaunchException(LaunchStep.EXEC, 2, "execute /bin/\u202ex\n\u001b[2J"))
                .hasMessageContaining("execute /bin/\\u202ex \\x1b[2J: ");
    }
}
