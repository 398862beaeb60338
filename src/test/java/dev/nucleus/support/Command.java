package dev.nucleus.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;

/** Runs programs of the host that a test needs. */
public final class Command {

    private Command() {}

    /** Runs a program until it exits; the test fails unless it succeeds. */
    public static void run(String... command) throws IOException {
        try {
            assertThat(new ProcessBuilder(command).inheritIO().start().waitFor())
                    .as(String.join(" ", command))
                    .isZero();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
