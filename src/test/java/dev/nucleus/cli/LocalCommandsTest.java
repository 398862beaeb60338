package dev.nucleus.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code java -jar nucleus.jar} with and without a command. */
class LocalCommandsTest {

    private record Result(OptionalInt code, String out, String err) {}

    private static Result run(String... arguments) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        var written = new ByteArrayOutputStream();
        var complained = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(written, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(complained, true, StandardCharsets.UTF_8));
            OptionalInt code = LocalCommands.run(arguments);
            return new Result(
                    code, written.toString(StandardCharsets.UTF_8), complained.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    @Test
    void settingsWithoutACommandStartAManager() {
        assertThat(run().code()).isEmpty();
        assertThat(run("--nucleus.fleets=x", "--server.port=0").code()).isEmpty();
    }

    @Test
    void helpAndVersionStartNoManager() {
        assertThat(run("--version")).isEqualTo(new Result(OptionalInt.of(0), NucleusCommand.VERSION + "\n", ""));
        assertThat(run("--help").out()).startsWith("Usage: nucleus ").contains("\n  run ");
        assertThat(run("run", "--help").out()).startsWith("Usage: nucleus run ");
        assertThat(run("help", "fleet", "validate").out()).startsWith("Usage: nucleus fleet validate ");
        assertThat(run("completion", "bash").out()).startsWith("#!/usr/bin/env bash");
        assertThat(run("man", "run").out()).startsWith(".TH NUCLEUS-RUN ");
    }

    @Test
    void fleetFilesAreValidated(@TempDir Path directory) throws IOException {
        Path good = Files.writeString(
                directory.resolve("good.yaml"), "name: shop\nservices:\n  web: {command: [/bin/true]}\n");
        Path bad = Files.writeString(directory.resolve("bad.yaml"), "name: shop\nservices:\n  web: {comand: [/w]}\n");

        assertThat(run("fleet", "validate", good.toString()))
                .isEqualTo(new Result(OptionalInt.of(0), "shop: 1 service, no mistakes\n", ""));
        assertThat(run("fleet", "validate", bad.toString()))
                .satisfies(result -> assertThat(result.code()).hasValue(2))
                .satisfies(result -> assertThat(result.err()).contains("bad.yaml:3:"));
        assertThat(run("fleet", "validate").err())
                .isEqualTo("nucleus: missing operand: fleet file\nSee 'nucleus fleet validate --help'.\n");
    }

    @Test
    void commandsThatNeedAManagerAreRefused() {
        assertThat(run("ps", "-a"))
                .satisfies(result -> assertThat(result.code()).hasValue(2))
                .satisfies(result -> assertThat(result.err()).contains("'ps' is a command for a running manager"));
        assertThat(run("nosuch").err()).startsWith("nucleus: there is no command 'nosuch'\n");
    }
}
