package dev.nucleus.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * The documentation of all commands, generated from their descriptions: help texts, manual pages and shell completion.
 * The build embeds it in the thin client, which shows it without a manager.
 */
public final class Reference {

    /** The shells that {@code nucleus completion} supports; zsh reads bash's script through bashcompinit. */
    static final String BASH = "bash";

    static final String ZSH = "zsh";

    private static final String NAME = "nucleus";

    private Reference() {}

    /**
     * Writes the texts for the client, and the manual pages as files.
     *
     * @param arguments the file for the client's texts, and the directory for manual pages
     */
    public static void main(String[] arguments) throws IOException {
        Path texts = Path.of(arguments[0]);
        Path pages = Files.createDirectories(Path.of(arguments[1]));
        Map<String, String> all = texts();
        Path fresh = texts.resolveSibling(texts.getFileName() + ".new");
        Files.write(fresh, encode(all));
        // Only if they differ: a newer file makes the build link the client again.
        if (!Files.exists(texts) || Files.mismatch(fresh, texts) >= 0) {
            Files.move(fresh, texts, StandardCopyOption.REPLACE_EXISTING);
        } else {
            Files.delete(fresh);
        }
        for (Map.Entry<String, String> page : all.entrySet()) {
            if (page.getKey().equals("man") || page.getKey().startsWith("man ")) {
                String name = page.getKey().replaceFirst("man", NAME).replace(' ', '-');
                Files.writeString(pages.resolve(name + ".1"), page.getValue());
            }
        }
    }

    /**
     * All texts, by the arguments that request them: {@code --help run}, {@code --version}, {@code completion bash},
     * {@code man run}; and, with an empty text, {@code local fleet validate} for each command that needs no manager.
     */
    static Map<String, String> texts() {
        var texts = new LinkedHashMap<String, String>();
        CommandLine root = CommandTree.described();
        texts.put("--version", NucleusCommand.VERSION + "\n");
        texts.put("completion " + BASH, completion(root));
        texts.put("completion " + ZSH, completion(root));
        add(texts, root);
        return texts;
    }

    private static void add(Map<String, String> texts, CommandLine line) {
        String path = path(line.getCommandSpec());
        texts.put(("--help " + path).strip(), help(line));
        texts.put(("man " + path).strip(), manualPage(line));
        if (line.getSubcommands().isEmpty() && CommandTree.isLocal(path.split(" ")[0])) {
            texts.put("local " + path, "");
        }
        line.getSubcommands().values().forEach(command -> add(texts, command));
    }

    /** The words that follow nucleus on a command line. */
    private static String path(CommandSpec spec) {
        return spec.parent() == null ? "" : (path(spec.parent()) + " " + spec.name()).strip();
    }

    private static byte[] encode(Map<String, String> texts) {
        var bytes = new ByteArrayOutputStream();
        texts.forEach((name, text) -> {
            bytes.writeBytes(name.getBytes(StandardCharsets.UTF_8));
            bytes.write(0);
            bytes.writeBytes(text.getBytes(StandardCharsets.UTF_8));
            bytes.write(0);
        });
        return bytes.toByteArray();
    }

    /** The text for the given arguments; {@link #texts} lists them. */
    static Optional<String> text(String name) {
        return Optional.ofNullable(texts().get(name));
    }

    private static String help(CommandLine line) {
        var text = new StringWriter();
        line.usage(new PrintWriter(text), CommandLine.Help.Ansi.OFF);
        return text.toString();
    }

    private static String completion(CommandLine root) {
        return AutoComplete.bash(NAME, root);
    }

    /** Formats a manual page in the man macros of groff, man-pages(7). */
    static String manualPage(CommandLine line) {
        CommandSpec spec = line.getCommandSpec();
        String name = (NAME + "-" + path(spec).replace(' ', '-')).replaceFirst("-$", "");
        CommandLine.Help help = line.getHelp();
        var page = new StringBuilder();
        page.append(".TH ").append(name.toUpperCase(Locale.ROOT)).append(" 1 \"\" \"");
        page.append(NucleusCommand.VERSION).append("\" \"Nucleus\"\n");
        String description = String.join(" ", spec.usageMessage().description());
        page.append(".SH NAME\n").append(name).append(" \\- ");
        page.append(escape(description.replaceFirst("[.:;,].*", ""))).append('\n');
        page.append(".SH SYNOPSIS\n.nf\n").append(escape(help.synopsis(0))).append(".fi\n");
        page.append(".SH DESCRIPTION\n").append(escape(description)).append('\n');
        if (!spec.positionalParameters().isEmpty()) {
            page.append(".SH ARGUMENTS\n");
            for (PositionalParamSpec parameter : spec.positionalParameters()) {
                item(page, "\\fI" + escape(parameter.paramLabel()) + "\\fR", parameter.description());
            }
        }
        page.append(".SH OPTIONS\n");
        for (OptionSpec option : spec.options()) {
            String names = Arrays.stream(option.names())
                    .map(each ->
                            "\\fB" + escape(option.negatable() ? each.replaceFirst("^--", "--[no-]") : each) + "\\fR")
                    .collect(Collectors.joining(", "));
            String value = option.arity().max() == 0 ? "" : "=\\fI" + escape(option.paramLabel()) + "\\fR";
            item(page, names + value, option.description());
        }
        if (!line.getSubcommands().isEmpty()) {
            page.append(".SH COMMANDS\n");
            line.getSubcommands()
                    .forEach((command, sub) -> item(
                            page,
                            "\\fB" + escape(command) + "\\fR",
                            sub.getCommandSpec().usageMessage().description()));
        }
        page.append(".SH EXIT STATUS\n")
                .append(escape(NucleusCommand.EXIT_CODES))
                .append('\n');
        if (spec.parent() != null) {
            page.append(".SH SEE ALSO\n.BR nucleus (1)\n");
        }
        return page.toString();
    }

    private static void item(StringBuilder page, String tag, String[] description) {
        page.append(".TP\n")
                .append(tag)
                .append('\n')
                .append(escape(String.join(" ", description)))
                .append('\n');
    }

    /** Escapes text for groff, which takes a line that begins with a dot or a quote as a request. */
    private static String escape(String text) {
        return text.replace("\\", "\\e").replace("-", "\\-").replaceAll("(?m)^([.'])", "\\\\&$1");
    }
}
