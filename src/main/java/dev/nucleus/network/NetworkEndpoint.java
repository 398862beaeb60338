package dev.nucleus.network;

import dev.nucleus.plan.LaunchPlan;
import java.util.ArrayList;
import java.util.List;

/**
 * A container on a network.
 *
 * @param resolvesExternalNames whether it may resolve names that are not of its networks: without egress, queries could
 *     carry data out
 */
public record NetworkEndpoint(
        NetworkMember member,
        List<String> aliases,
        LaunchPlan.Addresses addresses,
        boolean serving,
        boolean resolvesExternalNames) {

    public NetworkEndpoint {
        aliases = List.copyOf(aliases);
    }

    /** The names that resolve to it on the network: its own, its service's and aliases, alone and in its fleet's domain. */
    public List<String> names() {
        var names = new ArrayList<>(aliases);
        names.add(member.hostName());
        member.service().ifPresent(service -> {
            names.add(service.service());
            List.copyOf(names).forEach(name -> names.add(name + "." + service.domain()));
        });
        return names;
    }
}
