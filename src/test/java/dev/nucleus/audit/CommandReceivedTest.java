package dev.nucleus.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class CommandReceivedTest {

    @Test
    void valuesOfEnvironmentVariablesAreNotKept() {
        var command = new CommandReceived(
                "root",
                List.of(
                        "run",
                        "-e",
                        "A=secret",
                        "--env",
                        "B=secret",
                        "--env=C=secret",
                        "-eD=secret",
                        "--",
                        "sh",
                        "-e",
                        "x=1"),
                0);

        assertThat(command.arguments())
                .containsExactly("run", "-e", "A=…", "--env", "B=…", "--env=C=…", "-eD=…", "--", "sh", "-e", "x=1");
    }
}
