package dev.nucleus.spec.fleetfile;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.NodeTuple;

/**
 * The fields of a YAML mapping. Fields are taken by name; what nobody took by the time of {@link
 * #finish} is unknown, and a mistake. Underscores in names read as hyphens (Compose's spelling), fields
 * that begin with {@code x-} are extensions and ignored. The composer has already replaced {@code <<} by what
 * it merges.
 */
public final class YamlMapping {

    private static final int CLOSE = 3;

    private final YamlValue place;
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final TreeSet<String> known = new TreeSet<>();

    private record Entry(YamlValue key, YamlValue value) {}

    YamlMapping(YamlValue place, MappingNode node) {
        this.place = place;
        node.getValue().forEach(this::add);
    }

    private void add(NodeTuple tuple) {
        YamlValue key = place.key(tuple.getKeyNode());
        key.text().ifPresent(name -> {
            if (entries.containsKey(name)) {
                key.problem("'" + name + "' is there twice");
            } else {
                entries.put(name, new Entry(key, place.at(tuple.getValueNode())));
            }
        });
    }

    /** Where the mapping itself is. */
    public YamlValue place() {
        return place;
    }

    /** The field's value; empty when it is absent or null. */
    public Optional<YamlValue> take(String name) {
        known.add(name);
        Entry entry = entries.remove(name);
        if (entry == null) {
            entry = entries.remove(name.replace('-', '_'));
        }
        return Optional.ofNullable(entry).map(Entry::value).filter(value -> !value.isNull());
    }

    /** The field's value through a parser; empty when it is absent, or a mistake. */
    public <T> Optional<T> parse(String name, Function<String, T> parser) {
        return take(name).flatMap(value -> value.parse(parser));
    }

    /** The field's items through a parser; none when it is absent. */
    public <T> List<T> list(String name, Function<String, T> parser) {
        return take(name).map(value -> value.list(parser)).orElse(List.of());
    }

    /** A field that must be there. */
    public Optional<YamlValue> require(String name, String example) {
        Optional<YamlValue> value = take(name);
        if (value.isEmpty()) {
            place.problem("'" + name + "' is missing; write, for example, " + name + ": " + example);
        }
        return value;
    }

    /** A field of other tools that is refused here, with the reason. */
    void refuse(String name, String reason) {
        for (String spelling : List.of(name, name.replace('_', '-'))) {
            Entry entry = entries.remove(spelling);
            if (entry != null) {
                entry.key().problem("'" + spelling + "' is not accepted: " + reason);
            }
        }
    }

    /** A field of other tools that says, where its value is that one, what is so here in any case; else it is refused. */
    void acceptOnly(String value, String name, String reason) {
        take(name)
                .flatMap(YamlValue::text)
                .filter(text -> !text.equals(value))
                .ifPresent(text -> place.problem("'" + name + ": " + text + "' is not accepted: " + reason));
    }

    /** Gives a field that another tool calls otherwise its name here. */
    void rename(String from, String to) {
        Entry entry = entries.remove(from);
        if (entry == null) {
            entry = entries.remove(from.replace('-', '_'));
        }
        if (entry != null) {
            add(to, entry);
        }
    }

    /** Takes fields over from a mapping further inside. */
    void adopt(YamlMapping inner, List<String> names) {
        for (String name : names) {
            inner.known.add(name);
            Entry entry = inner.entries.remove(name);
            if (entry != null) {
                add(name, entry);
            }
        }
    }

    /** Adds a field that is written as a part of another value. */
    void put(String name, YamlValue place, String text) {
        add(name, new Entry(place, place.withText(text)));
    }

    private void add(String name, Entry entry) {
        if (entries.containsKey(name)) {
            entry.key().problem("'" + name + "' is there twice, by two names");
        } else {
            entries.put(name, entry);
        }
    }

    /** Where the names are of the entries that nobody has taken. */
    Map<String, YamlValue> names() {
        var names = new LinkedHashMap<String, YamlValue>();
        entries.forEach((name, entry) -> names.put(name, entry.key()));
        return names;
    }

    /** All entries of a mapping whose names are the user's, in order: {@code x-} has no meaning of its own there. */
    public Map<String, YamlValue> takeAll() {
        var all = new LinkedHashMap<String, YamlValue>();
        entries.forEach((name, entry) -> all.put(name, entry.value()));
        entries.clear();
        return all;
    }

    /** Reports every field that nobody took. */
    public void finish() {
        entries.forEach((name, entry) -> {
            if (!name.startsWith("x-")) {
                entry.key().problem("unknown field '" + name + "'" + suggestion(name));
            }
        });
    }

    private String suggestion(String name) {
        Optional<String> close = closest(name.replace('_', '-'), known);
        return close.map(found -> "; did you mean '" + found + "'?")
                .orElse("; known here: " + String.join(", ", known));
    }

    /** The candidate at the smallest edit distance, if that is small. */
    static Optional<String> closest(String name, Collection<String> candidates) {
        return candidates.stream()
                .filter(candidate -> distance(name, candidate) < Math.min(CLOSE, Math.max(2, name.length() - 1)))
                .min(Comparator.comparingInt(candidate -> distance(name, candidate)));
    }

    private static int distance(String left, String right) {
        List<Integer> previous = new ArrayList<>();
        for (int column = 0; column <= right.length(); column++) {
            previous.add(column);
        }
        for (int row = 1; row <= left.length(); row++) {
            List<Integer> current = new ArrayList<>(List.of(row));
            for (int column = 1; column <= right.length(); column++) {
                int substitution =
                        previous.get(column - 1) + (left.charAt(row - 1) == right.charAt(column - 1) ? 0 : 1);
                current.add(Math.min(substitution, Math.min(previous.get(column), current.get(column - 1)) + 1));
            }
            previous = current;
        }
        return previous.getLast();
    }
}
