package dev.nucleus.health;

import dev.nucleus.fleet.FleetViews;
import org.springframework.boot.health.actuate.endpoint.HealthEndpointGroups;
import org.springframework.boot.health.autoconfigure.actuate.endpoint.HealthEndpointProperties;
import org.springframework.boot.health.registry.HealthContributorRegistry;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Replaces the web extension of Boot's health endpoint, which is conditional on a missing bean. */
@Configuration(proxyBeanMethods = false)
class HealthEndpointConfiguration {

    @Bean
    FleetHealthWebExtension healthEndpointWebExtension(
            HealthContributorRegistry registry,
            HealthEndpointGroups groups,
            HealthEndpointProperties properties,
            FleetViews fleets) {
        return new FleetHealthWebExtension(
                registry, groups, properties.getLogging().getSlowIndicatorThreshold(), fleets);
    }
}
