package dev.nucleus.container;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The traces of containers, from which policies are learnt. */
@Component
public final class Traces {

    /**
     * @param record file that its shim wrote the trace to
     * @param root its root directory, on the host
     * @param writableTargets mount points that it could write to
     */
    public record Traced(Path record, Path root, List<String> writableTargets) {}

    /**
     * @throws IOException when the container's stored specification can't be read
     */
    public Traced of(Container container) throws IOException {
        container.described().join();
        JsonNode files = JsonMapper.shared()
                .readTree(Files.readString(container.directory().resolve("spec.json")))
                .path("filesystem");
        var targets = new ArrayList<>(List.of("/tmp", "/dev/shm", "/home/agent"));
        for (String kind : List.of("volumes", "tmpfs")) {
            for (JsonNode mount : files.path(kind)) {
                targets.add(mount.path("target").asString());
            }
        }
        for (String kind : List.of("workspace", "context")) {
            if (files.path(kind).isObject()) {
                targets.add("/" + kind);
            }
        }
        String rootfs = files.path("rootfs").asString("");
        return new Traced(
                container.directory().resolve("trace.json"),
                rootfs.isEmpty()
                        ? Path.of("/")
                        : rootfs.startsWith("file:") ? Path.of(URI.create(rootfs)) : Path.of(rootfs),
                List.copyOf(targets));
    }
}
