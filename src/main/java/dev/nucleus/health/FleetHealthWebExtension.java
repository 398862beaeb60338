package dev.nucleus.health;

import dev.nucleus.fleet.FleetViews;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.ApiVersion;
import org.springframework.boot.actuate.endpoint.SecurityContext;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.boot.actuate.endpoint.web.WebServerNamespace;
import org.springframework.boot.actuate.endpoint.web.annotation.EndpointWebExtension;
import org.springframework.boot.health.actuate.endpoint.HealthDescriptor;
import org.springframework.boot.health.actuate.endpoint.HealthEndpoint;
import org.springframework.boot.health.actuate.endpoint.HealthEndpointGroups;
import org.springframework.boot.health.actuate.endpoint.HealthEndpointWebExtension;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.health.registry.HealthContributorRegistry;

/**
 * Health over HTTP with two additions to Boot's: the services of a fleet have a short path below its group,
 * {@code /actuator/health/shop/web}, and an unknown path responds with 404 at any depth, where Boot 4.1 fails with 500
 * below the first level.
 */
@EndpointWebExtension(endpoint = HealthEndpoint.class)
public final class FleetHealthWebExtension extends HealthEndpointWebExtension {

    private final HealthContributorRegistry registry;
    private final HealthEndpointGroups groups;
    private final FleetViews fleets;

    FleetHealthWebExtension(
            HealthContributorRegistry registry,
            HealthEndpointGroups groups,
            @Nullable Duration slowIndicator,
            FleetViews fleets) {
        super(registry, null, groups, slowIndicator);
        this.registry = registry;
        this.groups = groups;
        this.fleets = fleets;
    }

    @Override
    public WebEndpointResponse<HealthDescriptor> health(
            ApiVersion version,
            @Nullable WebServerNamespace server,
            SecurityContext security,
            boolean all,
            String... path) {
        String[] whole = lengthen(path);
        return isUnknown(whole)
                ? new WebEndpointResponse<>(WebEndpointResponse.STATUS_NOT_FOUND)
                : super.health(version, server, security, all, whole);
    }

    /**
     * Expands {@code shop/web} to {@code shop/fleets/shop/web}: the contributor of that path in the group {@code shop}.
     */
    private String[] lengthen(String[] path) {
        String contributor = path.length > 1 ? fleets.groups().get(path[0]) : null;
        if (contributor == null || path[1].equals("fleets")) {
            return path;
        }
        return Stream.of(
                        Stream.of(path[0]),
                        Stream.of(contributor.split("/")),
                        Arrays.stream(path).skip(1))
                .flatMap(Function.identity())
                .toArray(String[]::new);
    }

    private boolean isUnknown(String[] path) {
        int first = path.length > 0 && groups.get(path[0]) != null ? 1 : 0;
        if (path.length - first < 2) {
            return false;
        }
        HealthContributor contributor = registry.getContributor(path[first]);
        for (int i = first + 1; i < path.length; i++) {
            if (!(contributor instanceof CompositeHealthContributor composite)) {
                return true;
            }
            contributor = composite.getContributor(path[i]);
        }
        return contributor == null;
    }
}
