package dev.nucleus.spec.fleetfile;

import java.util.List;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/** One document of YAML 1.2 in its core schema, where {@code no} is text and {@code 0400} is four hundred. */
public final class YamlDocument {

    private static final int MAX_FILE = 4 << 20;

    private YamlDocument() {}

    /**
     * Reads the text of a file, in which dollar signs are literal.
     *
     * @param problems receives every problem, located in {@code file}
     * @return the top-level value; empty if there is none or the text is not valid YAML
     */
    public static Optional<YamlValue> read(String file, String text, List<Problem> problems) {
        return read(file, text, problems, false);
    }

    /** As {@link #read}, but dollar signs are interpreted as in Compose ({@link DollarEscapes}). */
    static Optional<YamlValue> readFleet(String file, String text, List<Problem> problems) {
        return read(file, text, problems, true);
    }

    private static Optional<YamlValue> read(String file, String text, List<Problem> problems, boolean compose) {
        LoadSettings settings = LoadSettings.builder()
                .setLabel(file)
                .setSchema(new CoreSchema())
                // YamlShape bounds what aliases expand to; the number of their uses says nothing about that.
                .setMaxAliasesForCollections(Integer.MAX_VALUE)
                .setCodePointLimit(MAX_FILE)
                // The whole text at once: a surrogate pair that straddles the end of the buffer throws
                // (snakeyaml-engine 3.0.1, StreamReader.extendIfTrailingHighSurrogate).
                .setBufferSize(text.length() + 16)
                .build();
        try {
            Optional<Problem> misshapen = YamlShape.check(file, text, settings);
            if (misshapen.isPresent()) {
                problems.add(misshapen.get());
                return Optional.empty();
            }
            Optional<Node> root = new Compose(settings).composeString(text);
            if (root.isEmpty()) {
                problems.add(new Problem(file, 1, 1, "the file is empty"));
            }
            return root.map(node -> new YamlValue(node, file, problems, compose));
        } catch (MarkedYamlEngineException e) {
            int line = e.getProblemMark().map(mark -> mark.getLine() + 1).orElse(1);
            int column = e.getProblemMark().map(mark -> mark.getColumn() + 1).orElse(1);
            problems.add(new Problem(file, line, column, "not valid YAML: " + e.getProblem()));
        } catch (YamlEngineException e) {
            problems.add(new Problem(file, 1, 1, "not valid YAML: " + e.getMessage()));
        }
        return Optional.empty();
    }
}
