package dev.nucleus.spec;

import java.util.List;

/**
 * Destinations outside its networks that a container may connect to.
 *
 * @param open whether what no rule names is allowed
 * @param deny takes precedence over what is allowed
 */
public record Egress(boolean open, List<EgressRule> allow, List<EgressRule> deny) {

    public static final Egress NONE = new Egress(false, List.of(), List.of());
    public static final Egress OPEN = new Egress(true, List.of(), List.of());

    public Egress {
        allow = List.copyOf(allow);
        deny = List.copyOf(deny);
    }

    /** The default policy: open in agent mode, none otherwise. */
    public static Egress defaultFor(Mode mode) {
        return mode == Mode.AGENT ? OPEN : NONE;
    }

    public static Egress parse(String text) {
        return switch (text) {
            case "none" -> NONE;
            case "open" -> OPEN;
            default ->
                throw new InvalidSpecException(
                        "'" + text + "' is not an egress policy; write none, open, or {allow: [10.0.0.0/8:5432/tcp]}");
        };
    }

    /** Parses {@code none}, {@code open}, or rules for what is allowed. */
    public static Egress parse(List<String> words) {
        return words.size() == 1 && words.getFirst().matches("none|open")
                ? parse(words.getFirst())
                : new Egress(false, words.stream().map(EgressRule::parse).toList(), List.of());
    }

    @Override
    public String toString() {
        if (allow.isEmpty() && deny.isEmpty()) {
            return open ? "open" : "none";
        }
        return (open ? "open" : "allow " + allow) + (deny.isEmpty() ? "" : ", deny " + deny);
    }
}
