package dev.nucleus.support;

import dev.nucleus.spec.ServiceSpec;
import dev.nucleus.spec.fleetfile.FleetReader;
import java.nio.file.Path;
import java.util.Objects;

/** The service {@code web} of the fleet {@code shop}, read from the fields of a fleet file. */
public final class TestService {

    private TestService() {}

    /** @param fields in YAML's flow style, such as {@code command: [/w], replicas: 2} */
    public static ServiceSpec of(String fields) {
        return Objects.requireNonNull(FleetReader.readText(
                        Path.of("/shop.yaml"),
                        "name: shop\nservices: {web: {" + fields + "}}\n",
                        FleetReader.Checks.NONE)
                .services()
                .get("web"));
    }
}
