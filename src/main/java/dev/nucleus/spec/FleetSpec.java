package dev.nucleus.spec;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A fleet: services that belong together, as one file declares them.
 *
 * @param file the file that declares it
 * @param networks by name; {@code default} is among them if a service is on it
 * @param services by name, in the file's order
 * @param health its health settings
 */
public record FleetSpec(
        String name,
        Path file,
        Map<String, VolumeSpec> volumes,
        Map<String, NetworkSpec> networks,
        Map<String, ServiceSpec> services,
        FleetHealthSpec health) {

    public FleetSpec {
        ContainerName.check("fleet", name);
        volumes = Map.copyOf(volumes);
        networks = Collections.unmodifiableMap(new LinkedHashMap<>(networks));
        services = Collections.unmodifiableMap(new LinkedHashMap<>(services));
    }
}
