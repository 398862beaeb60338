package dev.nucleus.health;

import dev.nucleus.fleet.FleetView;
import dev.nucleus.fleet.FleetViews;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.stereotype.Component;

/** {@code /actuator/fleets}: fleets, services and replicas with their history. Read-only. */
@Component
@Endpoint(id = "fleets")
public final class FleetsEndpoint {

    private final FleetViews fleets;

    FleetsEndpoint(FleetViews fleets) {
        this.fleets = fleets;
    }

    /** All fleets. */
    public record Fleets(List<FleetView> fleets) {}

    @ReadOperation
    public Fleets fleets() {
        return new Fleets(fleets.fleets());
    }

    /** One fleet; null, which becomes 404, if there is none of that name. */
    @ReadOperation
    public @Nullable FleetView fleet(@Selector String name) {
        return fleets.fleet(name).orElse(null);
    }
}
