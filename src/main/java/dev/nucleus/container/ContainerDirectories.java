package dev.nucleus.container;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.settings.NucleusProperties;
import dev.nucleus.settings.PrivateDirectories;
import dev.nucleus.shim.Shim;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.springframework.stereotype.Component;

/** The directories of containers on this host. */
@Component
final class ContainerDirectories {

    private final ContainerStore store;
    private final WorkspaceCopies copies;
    private final Path sockets;
    private final Path staging;
    private final List<String> reserved;

    ContainerDirectories(NucleusProperties properties) throws IOException {
        this.store = new ContainerStore(properties.state());
        Path run = PrivateDirectories.create(properties.run());
        this.copies = new WorkspaceCopies(properties.state(), List.of(properties.state(), run));
        this.sockets = PrivateDirectories.create(run.resolve("c"));
        this.staging = PrivateDirectories.create(run.resolve("root"));
        this.reserved = List.of(properties.state().toString(), properties.run().toString());
    }

    /** The records and logs of containers. */
    ContainerStore store() {
        return store;
    }

    /** The host directories that were copied for containers. */
    WorkspaceCopies copies() {
        return copies;
    }

    /** The directory of the shims' sockets. */
    Path sockets() {
        return sockets;
    }

    Shim shim(String id) {
        return new Shim(sockets.resolve(id));
    }

    LaunchPlan.Places of(String id) {
        return new LaunchPlan.Places(
                store.directory(id).toString(), sockets.resolve(id).toString(), staging.toString(), reserved);
    }
}
