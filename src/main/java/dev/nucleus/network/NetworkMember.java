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

        /** The search domain of its fleet, in which names of all its services are. */
        public String domain() {
            return fleet + "." + Networks.DOMAIN;
        }

        @Override
        public String toString() {
            return fleet + "/" + service;
        }
    }

    /** Its name without its fleet's. */
    public String hostName() {
        return name.substring(name.lastIndexOf('/') + 1);
    }

    /** Its name in its fleet's domain, if it is of a service. */
    public String fullName() {
        return service.map(its -> hostName() + "." + its.domain()).orElseGet(this::hostName);
    }

    /** The owner of its published ports: its service, or the container itself if it has no service. */
    String owner() {
        return service.map(ServiceName::toString).orElse(name);
    }
}
