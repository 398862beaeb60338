package dev.nucleus.policy;

import java.util.List;

/** A wish that its mode refuses: each refusal one sentence that names the field and the mode. */
public final class PolicyViolationException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    @SuppressWarnings("serial")
    private final List<String> refusals;

    public PolicyViolationException(List<String> refusals) {
        super(String.join("\n", refusals));
        this.refusals = List.copyOf(refusals);
    }

    public List<String> refusals() {
        return refusals;
    }
}
