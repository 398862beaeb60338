package dev.nucleus.spec.fleetfile;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.common.Anchor;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.CollectionEndEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.MappingStartEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;

/**
 * Rejects YAML that can't be composed safely, by its events: the composer recurses for each level, never returns from a
 * mapping that is merged into itself (snakeyaml-engine 3.0.1, MergeUtils.flatten), and copies merged values. Aliases
 * are bounded by what they expand to, not by their number: each of many services may merge the same anchor.
 */
final class YamlShape {

    private static final int DEEPEST = 64;
    private static final long MAX_VALUES = 1_000_000;
    private static final String CORE = "tag:yaml.org,2002:";
    private static final Set<String> SCALAR_TAGS = Set.of(CORE + "str", CORE + "int", CORE + "float", CORE + "bool");

    private final String file;
    private final Map<Anchor, Open> named = new HashMap<>();
    private final Map<Anchor, Long> sizes = new HashMap<>();
    private final Deque<Open> open = new ArrayDeque<>();
    private boolean aliased;

    /** A list or mapping that has begun, and the number of its values so far, including those of aliases. */
    private static final class Open {

        private final Optional<Anchor> anchor;
        private long values = 1;

        Open(Optional<Anchor> anchor) {
            this.anchor = anchor;
        }
    }

    private YamlShape(String file) {
        this.file = file;
    }

    /**
     * The first problem of that kind.
     *
     * @throws org.snakeyaml.engine.v2.exceptions.YamlEngineException if it is not valid YAML
     */
    static Optional<Problem> check(String file, String text, LoadSettings settings) {
        var shape = new YamlShape(file);
        Optional<Mark> seen = Optional.empty();
        try {
            for (Event event : new Parse(settings).parseString(text)) {
                seen = event.getEndMark();
                Optional<Problem> problem = shape.next(event);
                if (problem.isPresent()) {
                    return problem;
                }
            }
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            // Bugs of the engine, as for an escape without its digits: the text is invalid all the same.
            return shape.problem(seen, "not valid YAML after this: " + e.getMessage());
        }
        return Optional.empty();
    }

    private Optional<Problem> next(Event event) {
        return switch (event) {
            case AliasEvent alias -> alias(alias);
            case CollectionStartEvent start -> {
                var collection = new Open(start.getAnchor());
                start.getAnchor().ifPresent(anchor -> {
                    named.put(anchor, collection);
                    sizes.remove(anchor);
                });
                open.push(collection);
                String expected = CORE + (start instanceof MappingStartEvent ? "map" : "seq");
                yield unknown(start, start.getTag().filter(tag -> !tag.equals(expected)))
                        .or(() -> open.size() > DEEPEST
                                ? problem(event, "nested more than " + DEEPEST + " deep")
                                : Optional.empty());
            }
            case ScalarEvent scalar -> {
                scalar.getAnchor().ifPresent(anchor -> {
                    named.remove(anchor);
                    sizes.put(anchor, 1L);
                });
                count(1);
                yield unknown(scalar, scalar.getTag().filter(tag -> !SCALAR_TAGS.contains(tag)));
            }
            case CollectionEndEvent _ -> {
                Open ended = open.pop();
                ended.anchor
                        .filter(anchor -> named.get(anchor) == ended)
                        .ifPresent(anchor -> sizes.put(anchor, ended.values));
                count(ended.values);
                yield aliased ? tooMany(event) : Optional.empty();
            }
            // Starts and ends of streams and documents.
            default -> Optional.empty();
        };
    }

    private Optional<Problem> alias(AliasEvent alias) {
        Open collection = named.get(alias.getAlias());
        if (collection != null && open.contains(collection)) {
            return problem(alias, "'*" + alias.getAlias() + "' is inside the value that it refers to");
        }
        aliased = true;
        count(sizes.getOrDefault(alias.getAlias(), 1L));
        return tooMany(alias);
    }

    private Optional<Problem> tooMany(Event event) {
        return !open.isEmpty() && open.peek().values > MAX_VALUES
                ? problem(event, "the aliases up to here expand to more than " + MAX_VALUES + " values; use fewer")
                : Optional.empty();
    }

    /** Adds to the innermost collection only; its total is added to the enclosing one when it ends. */
    private void count(long values) {
        if (!open.isEmpty()) {
            open.peek().values += values;
        }
    }

    /** A tag changes what a value means. None is supported, and ignoring one would misread the value. */
    private Optional<Problem> unknown(Event event, Optional<String> tag) {
        return tag.filter(name -> !name.equals("!"))
                .flatMap(name -> problem(
                        event,
                        "unknown tag '" + name.replace(CORE, "!!")
                                + "': tags are not supported; write the value itself, in "
                                + "quotes if it begins with '!'"));
    }

    private Optional<Problem> problem(Event event, String what) {
        return problem(event.getStartMark(), what);
    }

    private Optional<Problem> problem(Optional<Mark> place, String what) {
        int line = place.map(mark -> mark.getLine() + 1).orElse(1);
        int column = place.map(mark -> mark.getColumn() + 1).orElse(1);
        return Optional.of(new Problem(file, line, column, what));
    }
}
