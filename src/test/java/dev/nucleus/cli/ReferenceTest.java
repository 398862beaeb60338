package dev.nucleus.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.GeneratedDocument;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** Help texts and manual pages, generated from the descriptions of the commands. */
class ReferenceTest {

    private static void check(CommandLine line) {
        CommandLine.Model.CommandSpec spec = line.getCommandSpec();
        assertThat(spec.usageMessage().description())
                .as(spec.qualifiedName())
                .hasSize(1)
                .allMatch(text -> Character.isUpperCase(text.charAt(0)));
        spec.args().forEach(argument -> {
            String name = spec.qualifiedName() + " " + argument.paramLabel();
            assertThat(argument.description()).as(name).hasSize(1);
            assertThat(argument.description()[0])
                    .as(name)
                    .isNotBlank()
                    .doesNotContain("usual", "after --", "beginnings")
                    .doesNotStartWith("its ")
                    .doesNotStartWith("what ")
                    .doesNotStartWith("a ")
                    .doesNotEndWith(".");
            assertThat(
                            argument.arity().max() == 0
                                    ? "FLAG"
                                    : argument.paramLabel().replaceAll("\\[.*]", ""))
                    .as("not a field's name: %s", name)
                    .isUpperCase();
        });
        line.getSubcommands().values().forEach(ReferenceTest::check);
    }

    @Test
    void everyCommandAndEveryArgumentIsDescribed() {
        CommandLine root = CommandTree.described();

        root.getSubcommands().values().forEach(ReferenceTest::check);
    }

    @Test
    void eachCommandHasAHelpTextAndAManualPage() {
        Map<String, String> texts = Reference.texts();

        assertThat(texts.get("--help")).contains("\n  run ", "\n  fleet ").startsWith("Usage: nucleus ");
        assertThat(texts.get("--help fleet validate"))
                .startsWith("Usage: nucleus fleet validate [OPTIONS] [FILE...]\n");
        assertThat(texts.get("man run"))
                .startsWith(".TH NUCLEUS-RUN 1 ")
                .contains("\n.SH NAME\nnucleus-run \\- Run a command in a new container\n")
                .contains("\\fB\\-\\-[no\\-]init\\fR", "\\fB\\-e\\fR, \\fB\\-\\-env\\fR=\\fINAME=VALUE\\fR");
        assertThat(texts.get("completion bash")).contains("--user-namespace").startsWith("#!/usr/bin/env bash");
        assertThat(texts)
                .containsKeys("local fleet validate", "local rootfs verify")
                .doesNotContainKey("local run");
        assertThat(texts.keySet().stream().filter(name -> name.startsWith("--help")))
                .hasSameSizeAs(texts.keySet().stream()
                        .filter(name -> name.startsWith("man"))
                        .toList());
    }

    @Test
    void optionsEndWhereTheUsersCommandBegins() {
        CommandLine run = CommandTree.described();

        CommandLine.ParseResult parsed = run.parseArgs("run", "--no-init", "-e", "A=b", "ls", "-la", "--help", "@file");

        assertThat(parsed.subcommand().matchedPositionals().getFirst().<List<String>>getValue())
                .containsExactly("ls", "-la", "--help", "@file");
        assertThat(parsed.subcommand().isUsageHelpRequested()).isFalse();
        assertThat(parsed.subcommand().<Boolean>matchedOptionValue("--init", true))
                .isFalse();
        assertThat(CommandTree.described()
                        .parseArgs("run", "--init", "ls")
                        .subcommand()
                        .<Boolean>matchedOptionValue("--init", false))
                .isTrue();
    }

    @Test
    void theDocumentContainsTheHelpOfEachCommand() throws IOException {
        var document = new StringBuilder("""
                # Command line

                The text of `nucleus COMMAND --help` for each command; `nucleus man COMMAND` has the same as a manual page.
                """);
        Reference.texts().forEach((name, text) -> {
            if (name.startsWith("--help")) {
                String command = ("nucleus" + name.substring("--help".length()));
                document.append("\n## ")
                        .append(command)
                        .append("\n\n```\n")
                        .append(text)
                        .append("```\n");
            }
        });

        GeneratedDocument.check(Path.of("docs/command-line.md"), document.toString());
    }
}
