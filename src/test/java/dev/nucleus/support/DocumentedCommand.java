package dev.nucleus.support;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A command of a document's {@code console} or {@code sh} block, with the output shown for it.
 *
 * <p>In a {@code console} block a command begins after {@code "$ "} or {@code "# "} and continues in lines that begin
 * with {@code "> "}; the lines up to the next command are its output. In an {@code sh} block each line is a command without
 * output. A remark after two spaces and a hash is part of neither.
 */
public record DocumentedCommand(String command, String output) {

    private static final Pattern BLOCK = Pattern.compile("(?ms)^```(\\w*)[^\\n]*\\n(.*?)^```$");
    private static final Pattern REMARK = Pattern.compile("(?m) {2,}# .*$");
    private static final Pattern EXAMPLE =
            Pattern.compile("(?m)^[$#] (?<command>.*\\n(?:> .*\\n)*)(?<output>(?:(?![$#] ).*\\n)*)");

    private static final Pattern LOOSE_COMMAND =
            Pattern.compile("(?m)^ {4,}((?:[$#] )?(?:nucleus(?= \\S)|curl|java -jar|\\./mvnw|sudo) .*)$");

    /** Text that differs from run to run: its pattern in a document, and the pattern of what a command may print. */
    private enum Varying {
        ANYTHING("…", ".*?"),
        HEAD_OF_THE_AUDIT_TRAIL("\\d+:[0-9a-f]+…", "\\d+:[0-9a-f]{64}"),
        SHA256("\\b[0-9a-f]{64}\\b", "[0-9a-f]{64}"),
        CONTAINER_ID("\\b[0-9a-f]{12}\\b", "[0-9a-f]{12}"),
        USER_ID("\\b\\d{10}\\b", "\\d{10}"),
        PID("\\b\\d{5}\\b(?! KiB)", "\\d+"),
        COUNT("\\b\\d+(?= (?:files?, |KiB, |lines? in ))", "\\d+"),
        RESTARTS_BEFORE_AN_AGE("(?<= {2})\\d+(?= {2,}\\d+[smh] )", "\\d+"),
        AGE("\\b\\d+[smh]\\b", "\\d+[smhd]"),
        COLUMN_GAP(" {2,}", " {2,}");

        private static final Pattern ANY = Pattern.compile(String.join(
                "|",
                List.of(values()).reversed().stream()
                        .map(each -> "(?<" + each.group() + ">" + each.shown + ")")
                        .toList()));

        private final String shown;
        private final String actual;

        Varying(String shown, String actual) {
            this.shown = shown;
            this.actual = actual;
        }

        private String group() {
            return name().replace("_", "");
        }

        /** A regular expression for a line of a document. */
        private static String expression(String line) {
            var expression = new StringBuilder();
            Matcher matcher = ANY.matcher(line);
            int end = 0;
            while (matcher.find()) {
                expression.append(Pattern.quote(line.substring(end, matcher.start())));
                for (Varying each : values()) {
                    if (matcher.group(each.group()) != null) {
                        expression.append(each.actual);
                    }
                }
                end = matcher.end();
            }
            return expression + Pattern.quote(line.substring(end));
        }
    }

    private static String withoutRemarks(String text) {
        return REMARK.matcher(text).replaceAll("");
    }

    /** Every document. */
    public static List<Path> documents() throws IOException {
        try (Stream<Path> all = Files.walk(Path.of("docs"))) {
            return Stream.concat(Stream.of(Path.of("README.md")), all)
                    .filter(path -> path.toString().endsWith(".md"))
                    .toList();
        }
    }

    /** All commands of a document, in order. */
    public static List<DocumentedCommand> in(Path document) throws IOException {
        var commands = new ArrayList<DocumentedCommand>();
        BLOCK.matcher(Files.readString(document)).results().forEach(block -> {
            switch (block.group(1)) {
                case "console" -> {
                    String text = withoutRemarks(block.group(2));
                    Matcher example = EXAMPLE.matcher(text);
                    if (!example.lookingAt()) {
                        throw new IllegalArgumentException(
                                document + ": a console block begins with a command:\n" + text);
                    }
                    example.reset();
                    while (example.find()) {
                        commands.add(new DocumentedCommand(
                                example.group("command").strip().replace("\n> ", "\n"), example.group("output")));
                    }
                }
                case "sh" ->
                    withoutRemarks(block.group(2))
                            .lines()
                            .forEach(line -> commands.add(new DocumentedCommand(line, "")));
                default -> {}
            }
        });
        return commands;
    }

    /** Lines of other code in a document, fenced or indented, that look like commands. */
    public static List<String> outsideOfBlocks(Path document) throws IOException {
        String prose = BLOCK.matcher(Files.readString(document))
                .replaceAll(block -> Matcher.quoteReplacement(
                        block.group(1).matches("console|sh")
                                ? ""
                                : block.group(2).indent(4)));
        return LOOSE_COMMAND.matcher(prose).results().map(line -> line.group(1)).toList();
    }

    /** The texts of a document's blocks of a kind, such as {@code yaml}. */
    public static List<String> blocks(Path document, String kind) throws IOException {
        return BLOCK.matcher(Files.readString(document))
                .results()
                .filter(block -> block.group(1).equals(kind))
                .map(block -> block.group(2))
                .toList();
    }

    /** This command with some of its text replaced; the output shown stays. */
    public DocumentedCommand with(Map<String, String> replacements) {
        String replaced = command;
        for (Map.Entry<String, String> each : replacements.entrySet()) {
            replaced = replaced.replace(each.getKey(), each.getValue());
        }
        return new DocumentedCommand(replaced, output);
    }

    /** The output that the command may print. An ellipsis stands for any text, alone on its line for any lines. */
    public Pattern expected() {
        var expression = new StringBuilder();
        output.lines().forEach(line -> {
            if (line.equals("…")) {
                expression.append("(?:.*\\n)*");
            } else {
                expression.append(Varying.expression(line)).append("\\n");
            }
        });
        return Pattern.compile(expression.toString());
    }
}
