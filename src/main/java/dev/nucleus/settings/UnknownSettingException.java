package dev.nucleus.settings;

import java.util.List;
import java.util.Set;

/** Unknown settings were given. */
final class UnknownSettingException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient List<String> known;

    UnknownSettingException(Set<String> unknown, List<String> known) {
        super("unknown setting: " + String.join(", ", unknown));
        this.known = List.copyOf(known);
    }

    List<String> known() {
        return known;
    }
}
