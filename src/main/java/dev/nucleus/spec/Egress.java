package dev.nucleus.spec;

import java.util.List;

/**
 * What a container may connect to outside its networks.
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

    /** What applies without a rule: agents may connect to anything, untrusted code and production services to nothing. */
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

    @Override
    public String toString() {
        if (allow.isEmpty() && deny.isEmpty()) {
            return open ? "open" : "none";
        }
        return (open ? "open" : "allow " + allow) + (deny.isEmpty() ? "" : ", deny " + deny);
    }
}
