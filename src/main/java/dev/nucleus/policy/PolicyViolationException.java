package dev.nucleus.policy;

import dev.nucleus.failure.NucleusException;
import java.util.List;

/** A request that its mode refuses. Each refusal is one sentence that names the field and the mode. */
public final class PolicyViolationException extends NucleusException {

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

    @Override
    public List<String> lines() {
        return refusals.stream().map(refusal -> "nucleus: " + refusal).toList();
    }
}
