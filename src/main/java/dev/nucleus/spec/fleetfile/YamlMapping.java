package dev.nucleus.spec.fleetfile;

import dev.nucleus.text.Suggestions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.NodeTuple;

/**
 * The fields of a YAML mapping. Fields are taken by name; those that are left at {@link #finish} are unknown, which is
 * an error. Underscores in names read as hyphens (Compose's spelling); fields that begin with {@code x-} are extensions
 * and are ignored. The composer has already merged {@code <<}.
 */
public final class YamlMapping {

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
                key.problem("'" + name + "' appears twice");
            } else {
                entries.put(name, new Entry(key, place.at(tuple.getValueNode())));
            }
        });
    }

    /** The mapping itself, for problems at its position. */
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

    /** Parses a field; empty if it is absent or invalid. */
    public <T> Optional<T> parse(String name, Function<String, T> parser) {
        return take(name).flatMap(value -> value.parse(parser));
    }

    /** Parses the items of a field; empty if it is absent. */
    public <T> List<T> list(String name, Function<String, T> parser) {
        return take(name).map(value -> value.list(parser)).orElse(List.of());
    }

    /** A required field. */
    public Optional<YamlValue> require(String name, String example) {
        Optional<YamlValue> value = take(name);
        if (value.isEmpty()) {
            place.problem("'" + name + "' is missing; write, for example, " + name + ": " + example);
        }
        return value;
    }

    /** Refuses a field of another tool, with the reason. */
    void refuse(String name, String reason) {
        for (String spelling : List.of(name, name.replace('_', '-'))) {
            Entry entry = entries.remove(spelling);
            if (entry != null) {
                entry.key().problem("'" + spelling + "' is not accepted: " + reason);
            }
        }
    }

    /** Accepts a field of another tool only with the value that matches Nucleus' fixed behaviour. */
    void acceptOnly(String value, String name, String reason) {
        take(name)
                .flatMap(YamlValue::text)
                .filter(text -> !text.equals(value))
                .ifPresent(text -> place.problem("'" + name + ": " + text + "' is not accepted: " + reason));
    }

    /** Renames a field of another tool to its name here. */
    void rename(String from, String to) {
        Entry entry = entries.remove(from);
        if (entry == null) {
            entry = entries.remove(from.replace('-', '_'));
        }
        if (entry != null) {
            add(to, entry);
        }
    }

    /** Moves fields from a nested mapping into this one. */
    void adopt(YamlMapping inner, List<String> names) {
        for (String name : names) {
            inner.known.add(name);
            Entry entry = inner.entries.remove(name);
            if (entry != null) {
                add(name, entry);
            }
        }
    }

    /** Adds a field that was written as a part of another value. */
    void put(String name, YamlValue place, String text) {
        add(name, new Entry(place, place.withText(text)));
    }

    private void add(String name, Entry entry) {
        if (entries.containsKey(name)) {
            entry.key().problem("'" + name + "' appears twice, under two names");
        } else {
            entries.put(name, entry);
        }
    }

    /** The names of the entries that were not taken, with their positions. */
    Map<String, YamlValue> names() {
        var names = new LinkedHashMap<String, YamlValue>();
        entries.forEach((name, entry) -> names.put(name, entry.key()));
        return names;
    }

    /**
     * Takes all entries, in order, of a mapping whose names the user chooses: {@code x-} has no special meaning there.
     */
    public Map<String, YamlValue> takeAll() {
        var all = new LinkedHashMap<String, YamlValue>();
        entries.forEach((name, entry) -> all.put(name, entry.value()));
        entries.clear();
        return all;
    }

    /** Reports every field that was not taken. */
    public void finish() {
        entries.forEach((name, entry) -> {
            if (!name.startsWith("x-")) {
                entry.key().problem("unknown field '" + name + "'" + suggestion(name));
            }
        });
    }

    private String suggestion(String name) {
        Optional<String> close = Suggestions.closest(name.replace('_', '-'), known);
        return close.map(found -> "; did you mean '" + found + "'?")
                .orElse("; known here: " + String.join(", ", known));
    }
}
