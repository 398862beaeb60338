package dev.nucleus.health;

import dev.nucleus.fleet.FleetViews;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.EndpointId;
import org.springframework.boot.actuate.endpoint.SecurityContext;
import org.springframework.boot.actuate.endpoint.web.AdditionalPathsMapper;
import org.springframework.boot.actuate.endpoint.web.WebServerNamespace;
import org.springframework.boot.health.actuate.endpoint.AdditionalHealthEndpointPath;
import org.springframework.boot.health.actuate.endpoint.HealthEndpointGroup;
import org.springframework.boot.health.actuate.endpoint.HealthEndpointGroups;
import org.springframework.boot.health.actuate.endpoint.HttpCodeStatusMapper;
import org.springframework.boot.health.actuate.endpoint.StatusAggregator;
import org.springframework.boot.health.contributor.Status;

/**
 * Boot's health groups plus one per fleet and, if configured, per service: {@code /actuator/health/<fleet>}. Load
 * balancers query these, so a stopped fleet, UNKNOWN to Spring, responds with 503.
 */
final class FleetHealthGroups implements HealthEndpointGroups, AdditionalPathsMapper {

    private static final int UNAVAILABLE = 503;
    private static final HttpCodeStatusMapper TRAFFIC = HttpCodeStatusMapper.of(Map.of(
            Status.DOWN.getCode(), UNAVAILABLE,
            Status.OUT_OF_SERVICE.getCode(), UNAVAILABLE,
            Status.UNKNOWN.getCode(), UNAVAILABLE));

    private final HealthEndpointGroups others;
    private final FleetViews fleets;

    FleetHealthGroups(HealthEndpointGroups others, FleetViews fleets) {
        this.others = others;
        this.fleets = fleets;
    }

    @Override
    public HealthEndpointGroup getPrimary() {
        return others.getPrimary();
    }

    @Override
    public Set<String> getNames() {
        var names = new LinkedHashSet<>(others.getNames());
        names.addAll(fleets.groups().keySet());
        return names;
    }

    @Override
    public @Nullable HealthEndpointGroup get(String name) {
        HealthEndpointGroup other = others.get(name);
        String contributor = fleets.groups().get(name);
        return other != null || contributor == null ? other : new FleetGroup(contributor, others.getPrimary());
    }

    @Override
    public @Nullable HealthEndpointGroup get(AdditionalHealthEndpointPath path) {
        return others.get(path);
    }

    @Override
    public Set<HealthEndpointGroup> getAllWithAdditionalPath(WebServerNamespace namespace) {
        return others.getAllWithAdditionalPath(namespace);
    }

    /** Boot reads the additional paths of its own groups through this interface. */
    @Override
    public @Nullable List<String> getAdditionalPaths(EndpointId endpoint, WebServerNamespace namespace) {
        return others instanceof AdditionalPathsMapper mapper
                ? mapper.getAdditionalPaths(endpoint, namespace)
                : List.of();
    }

    /** @param contributor path of its contributor in the tree of all fleets */
    private record FleetGroup(String contributor, HealthEndpointGroup primary) implements HealthEndpointGroup {

        @Override
        public boolean isMember(String name) {
            // Its ancestors are requested as well.
            return name.equals(contributor) || name.startsWith(contributor + "/") || contributor.startsWith(name + "/");
        }

        @Override
        public boolean showComponents(SecurityContext context) {
            return primary.showComponents(context);
        }

        @Override
        public boolean showDetails(SecurityContext context) {
            return primary.showDetails(context);
        }

        @Override
        public StatusAggregator getStatusAggregator() {
            return statuses -> {
                Status status = primary.getStatusAggregator().getAggregateStatus(statuses);
                return status.equals(Status.UP) && statuses.contains(FleetsHealthContributor.STOPPED)
                        ? Status.UNKNOWN
                        : status;
            };
        }

        @Override
        public HttpCodeStatusMapper getHttpCodeStatusMapper() {
            return TRAFFIC;
        }

        @Override
        public @Nullable AdditionalHealthEndpointPath getAdditionalPath() {
            return null;
        }
    }
}
