package dev.nucleus.isolation;

import dev.nucleus.plan.HostPath;
import dev.nucleus.plan.RootfsStep;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Collects the steps that build a root filesystem, and tracks the paths that they create. */
final class RootTree {

    private final List<RootfsStep> steps = new ArrayList<>();
    private final Set<String> made = new HashSet<>();

    void add(RootfsStep step) {
        boolean again = step instanceof RootfsStep.Directory && !made.add(step.target());
        if (!again) {
            made.add(step.target());
            steps.add(step);
        }
    }

    void bind(String target, HostPath source, long attributes, RootfsStep.Owners owners) {
        add(new RootfsStep.Directory(target));
        add(new RootfsStep.Bind(target, source, attributes, false, owners));
    }

    /** Adds a directory and its parents. Below a bound tree nothing can be created; there they must exist. */
    void directories(String target) {
        parents(target);
        add(new RootfsStep.Directory(target));
    }

    void parents(String target) {
        for (int slash = target.indexOf('/', 1); slash > 0; slash = target.indexOf('/', slash + 1)) {
            add(new RootfsStep.Directory(target.substring(0, slash)));
        }
    }

    List<RootfsStep> steps() {
        return List.copyOf(steps);
    }
}
