package dev.nucleus.integration;

import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.grpc.server.health.HealthCheckedGrpcComponent;
import org.springframework.boot.grpc.server.health.HealthCheckedGrpcComponents;
import org.springframework.boot.grpc.server.health.StatusAggregator;
import org.springframework.boot.grpc.server.health.StatusMapper;
import org.springframework.boot.health.actuate.endpoint.HealthEndpointGroup;
import org.springframework.boot.health.actuate.endpoint.HealthEndpointGroups;
import org.springframework.boot.health.contributor.Status;
import org.springframework.stereotype.Component;

/**
 * The names of the gRPC health service: each of Actuator's health groups, and so each fleet; the empty name stands for
 * the whole manager. A name is SERVING exactly when its group answers 200.
 *
 * @see <a href="https://github.com/grpc/grpc/blob/master/doc/health-checking.md">GRPC Health Checking Protocol</a>
 */
@Component
@ConditionalOnBooleanProperty("spring.grpc.server.enabled")
final class GrpcHealthServices implements HealthCheckedGrpcComponents {

    private static final int OK = 200;

    private final HealthEndpointGroups groups;

    GrpcHealthServices(HealthEndpointGroups groups) {
        this.groups = groups;
    }

    @Override
    public HealthCheckedGrpcComponent getServer() {
        return new GroupComponent(groups.getPrimary());
    }

    @Override
    public Set<String> getServiceNames() {
        return groups.getNames();
    }

    @Override
    public @Nullable HealthCheckedGrpcComponent getService(String name) {
        return Optional.ofNullable(groups.get(name)).map(GroupComponent::new).orElse(null);
    }

    private record GroupComponent(HealthEndpointGroup group) implements HealthCheckedGrpcComponent {

        @Override
        public boolean isMember(String name) {
            return group.isMember(name);
        }

        @Override
        public StatusAggregator getStatusAggregator() {
            return statuses -> statuses.isEmpty()
                    ? Status.UNKNOWN
                    : group.getStatusAggregator().getAggregateStatus(statuses);
        }

        @Override
        public StatusMapper getStatusMapper() {
            return status -> group.getHttpCodeStatusMapper().getStatusCode(status) == OK
                    ? ServingStatus.SERVING
                    : ServingStatus.NOT_SERVING;
        }
    }
}
