package dev.nucleus.spec;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.common.Anchor;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.CollectionEndEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;

/**
 * What a text may not be, although it is YAML, found in its events before it is composed: the composer recurses for each
 * level, and never returns from a mapping that is merged into itself (snakeyaml-engine 3.0.1, MergeUtils.flatten).
 */
final class YamlShape {

    private static final int DEEPEST = 64;
    private static final String TAG = "a tag has no spaces at its ends";

    private final String file;
    private final Map<Anchor, Integer> named = new HashMap<>();
    private final Deque<Integer> open = new ArrayDeque<>();
    private int nodes;

    private YamlShape(String file) {
        this.file = file;
    }

    /**
     * The first mistake of that kind.
     *
     * @throws org.snakeyaml.engine.v2.exceptions.YamlEngineException when it is no YAML
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
            // The engine's own slips, as for an escape without its digits: mistakes in the text all the same.
            return shape.problem(seen, "not valid YAML after this: " + e.getMessage());
        }
        return Optional.empty();
    }

    private Optional<Problem> next(Event event) {
        switch (event) {
            case AliasEvent alias -> {
                Integer node = named.get(alias.getAlias());
                if (node != null && open.contains(node)) {
                    return problem(event, "'*" + alias.getAlias() + "' stands within what it names");
                }
            }
            case CollectionStartEvent start -> {
                define(start);
                open.push(nodes);
                if (unusable(start.getTag())) {
                    return problem(event, TAG);
                }
                if (open.size() > DEEPEST) {
                    return problem(event, "nested more than " + DEEPEST + " deep");
                }
            }
            case ScalarEvent scalar -> {
                define(scalar);
                if (unusable(scalar.getTag())) {
                    return problem(event, TAG);
                }
            }
            case CollectionEndEvent _ -> open.pop();
            default -> {
                // Beginnings and ends of documents.
            }
        }
        return Optional.empty();
    }

    /** The composer's own check of these is no YAML error. */
    private static boolean unusable(Optional<String> tag) {
        return tag.isPresent()
                && (tag.get().isEmpty()
                        || tag.get().trim().length() != tag.get().length());
    }

    private void define(NodeEvent node) {
        nodes++;
        node.getAnchor().ifPresent(anchor -> named.put(anchor, nodes));
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
