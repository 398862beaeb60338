package dev.nucleus.health;

import dev.nucleus.fleet.FleetViews;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.health.actuate.endpoint.HealthEndpointGroupsPostProcessor;
import org.springframework.context.annotation.Bean;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * Adds the fleets' health groups. An auto-configuration, because only those can be ordered after Boot's: its own
 * post-processor for liveness and readiness copies the names of the groups it finds, so this one must wrap it.
 */
@AutoConfiguration(
        afterName =
                "org.springframework.boot.health.autoconfigure.actuate.endpoint.AvailabilityProbesAutoConfiguration")
public class FleetHealthAutoConfiguration {

    @Bean
    @Order(Ordered.LOWEST_PRECEDENCE)
    static HealthEndpointGroupsPostProcessor fleetHealthGroups(ObjectProvider<FleetViews> fleets) {
        return groups -> {
            FleetViews view = fleets.getIfAvailable();
            return view == null ? groups : new FleetHealthGroups(groups, view);
        };
    }
}
