package dev.nucleus.settings;

import dev.nucleus.text.Suggestions;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Unknown settings were given. */
final class UnknownSettingException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient List<String> known;

    UnknownSettingException(Set<String> unknown, List<String> known) {
        super("unknown setting: "
                + unknown.stream()
                        .map(name -> name
                                + Suggestions.closest(name, known)
                                        .map(close -> " (did you mean " + close + "?)")
                                        .orElse(""))
                        .collect(Collectors.joining(", ")));
        this.known = List.copyOf(known);
    }

    List<String> known() {
        return known;
    }
}
