package dev.nucleus.spec.fleetfile;

import dev.nucleus.spec.ServiceSpec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Finds services that wait for each other. */
final class DependencyCycle {

    private final Map<String, ServiceSpec> services;
    private final Set<String> cleared = new HashSet<>();
    private final List<String> path = new ArrayList<>();

    private DependencyCycle(Map<String, ServiceSpec> services) {
        this.services = services;
    }

    /** A cycle of at least two services, with the first repeated at the end. */
    static Optional<List<String>> find(Map<String, ServiceSpec> services) {
        var search = new DependencyCycle(services);
        return services.keySet().stream()
                .flatMap(name -> search.from(name).stream())
                .findFirst();
    }

    private Optional<List<String>> from(String name) {
        int start = path.indexOf(name);
        if (start >= 0) {
            var cycle = new ArrayList<>(path.subList(start, path.size()));
            cycle.add(name);
            return Optional.of(cycle);
        }
        ServiceSpec service = services.get(name);
        if (service == null || !cleared.add(name)) {
            return Optional.empty();
        }
        path.add(name);
        for (String dependency : service.dependsOn().keySet()) {
            if (!dependency.equals(name)) {
                Optional<List<String>> cycle = from(dependency);
                if (cycle.isPresent()) {
                    return cycle;
                }
            }
        }
        path.removeLast();
        return Optional.empty();
    }
}
