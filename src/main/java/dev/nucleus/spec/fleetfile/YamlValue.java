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
 * One value of a YAML file with its place. Reading never throws: a mistake goes to the list of
 * problems and the value reads as empty, so that one pass finds them all.
 */
public final class YamlValue {

    private final Node node;
    private final String file;
    private final List<Problem> problems;
    private final boolean compose;

    /** @param compose whether dollar signs in its text are read as Compose reads them, or stand for themselves */
    YamlValue(Node node, String file, List<Problem> problems, boolean compose) {
        this.node = node;
        this.file = file;
        this.problems = problems;
        this.compose = compose;
    }

    /** Notes a mistake at this place. */
    public void problem(String message) {
        int line = node.getStartMark().map(mark -> mark.getLine() + 1).orElse(1);
        int column = node.getStartMark().map(mark -> mark.getColumn() + 1).orElse(1);
        problems.add(new Problem(file, line, column, message));
    }

    YamlValue at(Node other) {
        return new YamlValue(other, file, problems, compose);
    }

    /** The name of a field, whose dollar signs stand for themselves. */
    YamlValue key(Node other) {
        return new YamlValue(other, file, problems, false);
    }

    /** A part of this value's text, at its place. */
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

    /** Any scalar but null, as the file spells it. */
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
     * A command: a list of its words, or a problem that says how the line that is there instead is written as one.
     *
     * @param field its name, for the problem
     */
    List<String> command(String field) {
        if (node instanceof ScalarNode scalar && !isNull()) {
            problem("'" + field + "' is a list of words here, as no shell reads it; write " + field + ": "
                    + words(scalar.getValue()));
            return List.of();
        }
        return items().stream()
                .flatMap(item -> item.text(DollarEscapes::argument).stream())
                .toList();
    }

    /** A line that a shell reads. */
    Optional<String> argument() {
        return text(DollarEscapes::argument);
    }

    /** The list that a line of words is, or what has a shell read it. */
    private static String words(String line) {
        return line.matches("[A-Za-z0-9_./:=@%+,\\s-]+")
                ? Stream.of(line.strip().split("\\s+"))
                        .map(word -> word.matches("[A-Za-z_./][A-Za-z0-9_./=-]*") ? word : '"' + word + '"')
                        .collect(Collectors.joining(", ", "[", "]"))
                : "[/bin/sh, -c, '" + line.strip().replace("'", "''") + "']";
    }

    /** A scalar through a parser whose {@link InvalidSpecException} becomes a problem at this place. */
    public <T> Optional<T> parse(Function<String, T> parser) {
        return text().flatMap(text -> attempt(() -> parser.apply(text)));
    }

    /** What the maker makes; an {@link InvalidSpecException} becomes a problem at this place. */
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

    /** True or false, and no other word for them. */
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

    /** The items through a parser; those it refuses are problems. */
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
