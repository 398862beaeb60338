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

    /** The owner of its published ports: its service, or the container itself if it has no service. */
    String owner() {
        return service.map(ServiceName::toString).orElse(name);
    }

    /** The name of its policy. */
    String policy() {
        return service.map(ServiceName::toString).orElse("run/" + id);
    }
}
