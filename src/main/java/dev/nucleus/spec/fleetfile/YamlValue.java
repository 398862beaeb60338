package dev.nucleus.spec.fleetfile;

import dev.nucleus.spec.InvalidSpecException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * One value of a YAML file with its position. Reading never throws: an error is added to the list of problems and the
 * value reads as empty, so that one pass finds all errors.
 */
public final class YamlValue {

    private final Node node;
    private final String file;
    private final List<Problem> problems;
    private final boolean compose;

    /** @param compose whether dollar signs in its text are interpreted as in Compose; otherwise they are literal */
    YamlValue(Node node, String file, List<Problem> problems, boolean compose) {
        this.node = node;
        this.file = file;
        this.problems = problems;
        this.compose = compose;
    }

    /** Reports a problem at this position. */
    public void problem(String message) {
        int line = node.getStartMark().map(mark -> mark.getLine() + 1).orElse(1);
        int column = node.getStartMark().map(mark -> mark.getColumn() + 1).orElse(1);
        problems.add(new Problem(file, line, column, message));
    }

    YamlValue at(Node other) {
        return new YamlValue(other, file, problems, compose);
    }

    /** The name of a field, in which dollar signs are literal. */
    YamlValue key(Node other) {
        return new YamlValue(other, file, problems, false);
    }

    /** A value with a part of this one's text, at the same position. */
    YamlValue withText(String text) {
        return key(new ScalarNode(Tag.STR, true, text, ScalarStyle.PLAIN, node.getStartMark(), node.getEndMark()));
    }

    /** Whether it has fields. */
    public boolean isMapping() {
        return node instanceof MappingNode;
    }

    /** Whether it has items. */
    public boolean isList() {
        return node instanceof SequenceNode;
    }

    boolean isNull() {
        return node.getTag().equals(Tag.NULL);
    }

    /** The text of any scalar except null, as written in the file. */
    public Optional<String> text() {
        return text(DollarEscapes::value);
    }

    private Optional<String> text(Function<String, String> dollars) {
        if (node instanceof ScalarNode scalar && !isNull()) {
            return compose ? attempt(() -> dollars.apply(scalar.getValue())) : Optional.of(scalar.getValue());
        }
        problem("expected a single value, found " + kind());
        return Optional.empty();
    }

    /**
     * A command as a list of words. A single line is a problem, which shows the list to write instead.
     *
     * @param field the name of the field, for the problem
     */
    List<String> command(String field) {
        if (node instanceof ScalarNode scalar && !isNull()) {
            problem("'" + field + "' is a list of words here, because no shell reads it; write " + field + ": "
                    + words(scalar.getValue()));
            return List.of();
        }
        return items().stream()
                .flatMap(item -> item.text(DollarEscapes::argument).stream())
                .toList();
    }

    /** A line that is passed to a shell. */
    Optional<String> argument() {
        return text(DollarEscapes::argument);
    }

    /** The list to write instead of a line: its words, or a call of the shell if it has special characters. */
    private static String words(String line) {
        return line.matches("[A-Za-z0-9_./:=@%+,\\s-]+")
                ? Stream.of(line.strip().split("\\s+"))
                        .map(word -> word.matches("[A-Za-z_./][A-Za-z0-9_./=-]*") ? word : '"' + word + '"')
                        .collect(Collectors.joining(", ", "[", "]"))
                : "[/bin/sh, -c, '" + line.strip().replace("'", "''") + "']";
    }

    /** Parses a scalar; an {@link InvalidSpecException} becomes a problem at this position. */
    public <T> Optional<T> parse(Function<String, T> parser) {
        return text().flatMap(text -> attempt(() -> parser.apply(text)));
    }

    /** Calls {@code maker}; an {@link InvalidSpecException} becomes a problem at this position. */
    public <T> Optional<T> attempt(Supplier<T> maker) {
        try {
            return Optional.of(maker.get());
        } catch (InvalidSpecException e) {
            problem(String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    /** A whole number. */
    public Optional<Integer> integer() {
        return integer(IntUnaryOperator.identity());
    }

    /** @param check throws {@link InvalidSpecException} for a number that is out of range, and returns any other */
    public Optional<Integer> integer(IntUnaryOperator check) {
        return parse(text -> {
            try {
                return check.applyAsInt(Integer.parseInt(text));
            } catch (NumberFormatException e) {
                throw new InvalidSpecException("expected a whole number, found '" + text + "'");
            }
        });
    }

    /** {@code true} or {@code false}; other spellings are problems. */
    public Optional<Boolean> bool() {
        return parse(text -> switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new InvalidSpecException("expected true or false, found '" + text + "'");
        });
    }

    /** The items of a list; anything else is a problem. */
    public List<YamlValue> items() {
        var items = new ArrayList<YamlValue>();
        if (node instanceof SequenceNode sequence) {
            for (Node item : sequence.getValue()) {
                items.add(at(item));
            }
        } else {
            problem("expected a list, found " + kind()
                    + (node instanceof ScalarNode && !isNull() ? "; write [" + kind() + "]" : ""));
        }
        return items;
    }

    /** Parses the items; invalid ones are problems. */
    public <T> List<T> list(Function<String, T> parser) {
        return items().stream().flatMap(item -> item.parse(parser).stream()).toList();
    }

    /** The fields; anything else is a problem. */
    public Optional<YamlMapping> mapping() {
        if (node instanceof MappingNode mapping) {
            return Optional.of(new YamlMapping(this, mapping));
        }
        problem("expected fields, found " + kind());
        return Optional.empty();
    }

    String kind() {
        return switch (node.getNodeType()) {
            case MAPPING -> "fields";
            case SEQUENCE -> "a list";
            case SCALAR -> isNull() ? "nothing" : "'" + ((ScalarNode) node).getValue() + "'";
            case ANCHOR -> "an anchor";
        };
    }
}
