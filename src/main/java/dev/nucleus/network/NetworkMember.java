package dev.nucleus.network;

import java.util.Optional;

/**
 * A container that is, or is to be, on networks.
 *
 * @param name such as {@code shop/web-1}
 * @param service its fleet and service; empty: it is run by hand
 */
public record NetworkMember(String id, String name, Optional<ServiceName> service) {

    /** A service by its fleet. */
    public record ServiceName(String fleet, String service) {

        @Override
        public String toString() {
            return fleet + "/" + service;
        }
    }

    /** Who publishes its ports: the service, or the container if it has none. */
    String owner() {
        return service.map(ServiceName::toString).orElse(name);
    }

    /** The name of its policy. */
    String policy() {
        return service.map(ServiceName::toString).orElse("run/" + id);
    }
}
