package dev.nucleus.health;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.stereotype.Component;

/** {@code /actuator/fleets}: fleets, services and replicas with their history, for reading. */
@Component
@Endpoint(id = "fleets")
public final class FleetsEndpoint {

    private final FleetsView fleets;

    FleetsEndpoint(FleetsView fleets) {
        this.fleets = fleets;
    }

    /** What all fleets are like now. */
    public record Fleets(List<FleetView> fleets) {}

    @ReadOperation
    public Fleets fleets() {
        return new Fleets(fleets.fleets());
    }

    /** One fleet; null, which is 404: there is none of that name. */
    @ReadOperation
    public @Nullable FleetView fleet(@Selector String name) {
        return fleets.fleet(name).orElse(null);
    }
}
