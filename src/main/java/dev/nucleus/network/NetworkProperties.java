package dev.nucleus.network;

import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.InvalidSpecException;
import java.time.Duration;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Networks of containers.
 *
 * @param pool block of IPv4 addresses from which networks without a subnet of their own get a /24
 * @param table name of the nf_tables table, of the family inet
 * @param ipForward whether the manager lets the host forward packets between its interfaces (ip_forward), which
 *     containers need to reach other hosts, and others to reach ports published beyond the loopback address
 * @param addressCooldown how long a released address is not leased again
 * @param dnsServers resolvers for names that are not of a network; empty: those of the host's /etc/resolv.conf
 */
@ConfigurationProperties("nucleus.network")
public record NetworkProperties(
        @DefaultValue("10.214.0.0/16") String pool,
        @DefaultValue("nucleus") String table,
        @DefaultValue("false") boolean ipForward,
        @DefaultValue("1m") Duration addressCooldown,
        @DefaultValue List<String> dnsServers) {

    public NetworkProperties {
        Cidr.parse(pool);
        if (!table.matches("nucleus(-[A-Za-z0-9_-]{1,40})?")) {
            throw new InvalidSpecException(
                    "nucleus.network.table: '" + table + "' is not a name for it; write nucleus, or nucleus-NAME");
        }
        dnsServers = List.copyOf(dnsServers);
    }

    /** The pool as a block. */
    Cidr poolBlock() {
        return Cidr.parse(pool);
    }
}
