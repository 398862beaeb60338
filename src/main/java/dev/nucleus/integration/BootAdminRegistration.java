package dev.nucleus.integration;

import dev.nucleus.fleet.Fleets;
import dev.nucleus.spec.FleetSpec;
import dev.nucleus.spec.ServiceSpec;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.core.env.Environment;
import org.springframework.http.HttpHeaders;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/**
 * Registers each service that is not a job as an instance with a Spring Boot Admin server, periodically, because its
 * registry may lose instances. Without a management URL an instance has health only. When the manager stops, it does
 * not deregister the instances: the server shows them as unreachable.
 *
 * @see <a href="https://docs.spring-boot-admin.com/">Spring Boot Admin</a>
 */
@Component
@ConditionalOnProperty("nucleus.boot-admin.url")
final class BootAdminRegistration {

    private static final Logger log = LoggerFactory.getLogger(BootAdminRegistration.class);
    private final BootAdminProperties properties;
    private final Fleets fleets;
    private final Environment environment;
    private final URI instances;
    private final Map<String, String> headers;
    private final JsonPost post = new JsonPost();
    private boolean failing;

    /** An instance in the JSON format of the server. */
    record Instance(String name, String healthUrl, String serviceUrl, Map<String, String> metadata) {}

    BootAdminRegistration(BootAdminProperties properties, Fleets fleets, Environment environment) {
        this.properties = properties;
        this.fleets = fleets;
        this.environment = environment;
        this.instances = URI.create(Objects.requireNonNull(properties.url()).replaceAll("/+$", "") + "/instances");
        this.headers = properties.username() == null
                ? Map.of()
                : Map.of(
                        HttpHeaders.AUTHORIZATION,
                        "Basic "
                                + HttpHeaders.encodeBasicAuth(
                                        properties.username(),
                                        Objects.requireNonNullElse(properties.password(), ""),
                                        StandardCharsets.UTF_8));
    }

    @Scheduled(initialDelay = 1, fixedDelay = 30, timeUnit = TimeUnit.SECONDS)
    void register() {
        try {
            for (Instance instance : instances()) {
                post.send(instances, headers, JsonMapper.shared().writeValueAsBytes(instance));
            }
            if (failing) {
                log.info("registered with Spring Boot Admin again");
            }
            failing = false;
        } catch (IOException e) {
            if (!failing) {
                log.warn("can't register with Spring Boot Admin at {}: {}", properties.url(), e.getMessage());
            }
            failing = true;
        }
    }

    /**
     * One instance for each service, named so that each is an application of its own: among instances of one
     * application, UNKNOWN would win.
     */
    private List<Instance> instances() {
        return fleets.specs().stream()
                .flatMap(fleet -> fleet.services().values().stream()
                        .filter(service -> !service.job())
                        .map(service -> instance(fleet, service)))
                .toList();
    }

    private Instance instance(FleetSpec fleet, ServiceSpec service) {
        String group = fleet.name() + "-" + service.name();
        String path = fleets.groups().containsKey(group) ? group : fleet.name() + "/" + service.name();
        String base = base();
        return new Instance(
                group,
                base + "/actuator/health/" + path,
                base + "/",
                Map.of("fleet", fleet.name(), "service", service.name(), "tags.fleet", fleet.name()));
    }

    private String base() {
        return properties.instanceUrl() != null
                ? properties.instanceUrl().replaceAll("/+$", "")
                : "http://localhost:" + environment.getProperty("local.server.port", "8080");
    }
}
