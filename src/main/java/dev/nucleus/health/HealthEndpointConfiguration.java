package dev.nucleus.health;

import org.springframework.boot.health.actuate.endpoint.HealthEndpointGroups;
import org.springframework.boot.health.autoconfigure.actuate.endpoint.HealthEndpointProperties;
import org.springframework.boot.health.registry.HealthContributorRegistry;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Replaces Boot's web side of the health endpoint, which steps back when there is another. */
@Configuration(proxyBeanMethods = false)
class HealthEndpointConfiguration {

    @Bean
    FleetHealthWebExtension healthEndpointWebExtension(
            HealthContributorRegistry registry,
            HealthEndpointGroups groups,
            HealthEndpointProperties properties,
            FleetsView fleets) {
        return new FleetHealthWebExtension(
                registry, groups, properties.getLogging().getSlowIndicatorThreshold(), fleets);
    }
}
