package dev.nucleus.network;

import java.util.Optional;

/**
 * Whether a connection is allowed.
 *
 * @param rule what decides it
 * @param remedy what would allow it; empty if it is allowed
 */
public record Decision(boolean allowed, String rule, Optional<String> remedy) {

    static Decision allowed(String rule) {
        return new Decision(true, rule, Optional.empty());
    }

    static Decision denied(String rule, String remedy) {
        return new Decision(false, rule, Optional.of(remedy));
    }
}
