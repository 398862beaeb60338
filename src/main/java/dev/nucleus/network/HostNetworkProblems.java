package dev.nucleus.network;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** Finds settings of the host that keep networks from working as declared (ip-sysctl.rst, nf_conntrack-sysctl.rst). */
final class HostNetworkProblems {

    private static final Path SYSCTLS = Path.of("/proc/sys/net");
    /** Part of the tracked connections at which new ones are about to be refused. */
    private static final double NEARLY_FULL = 0.8;

    private static final int DIGITS = 64;

    private final NetworkProperties properties;
    private final HostNetwork host;
    private final String prefix;

    HostNetworkProblems(NetworkProperties properties, HostNetwork host, String prefix) {
        this.properties = properties;
        this.host = host;
        this.prefix = prefix;
    }

    List<HostNetworkProblem> find() {
        var problems = new ArrayList<HostNetworkProblem>();
        try {
            host.list().dropping().forEach(chain -> problems.add(firewall(chain)));
        } catch (IOException e) {
            problems.add(new HostNetworkProblem(
                    true,
                    "can't read the host's network: " + e.getMessage(),
                    "no container can join a network",
                    "remove the cause; if this kernel lacks nf_tables, run modprobe nf_tables, or boot one with"
                            + " CONFIG_NF_TABLES_INET, CONFIG_NFT_CT and CONFIG_NFT_NAT"));
        }
        if (!properties.ipForward()) {
            forwarding(problems);
        }
        connections(problems);
        return problems;
    }

    private HostNetworkProblem firewall(HostNetwork.Item chain) {
        return new HostNetworkProblem(
                false,
                "a firewall drops forwarded packets by default (table " + chain.name() + ", chain " + chain.detail()
                        + ", policy drop)",
                "containers reach each other, other hosts and published ports only where one of its rules accepts their packets",
                "nft insert rule " + chain.name() + " " + chain.detail() + " meta iifname \"" + prefix
                        + "*\" accept; nft insert rule " + chain.name() + " " + chain.detail() + " meta oifname \""
                        + prefix + "*\" accept");
    }

    private static void forwarding(List<HostNetworkProblem> problems) {
        if (isOff("ipv4/ip_forward")) {
            problems.add(new HostNetworkProblem(
                    false,
                    "net.ipv4.ip_forward is 0",
                    "containers reach no other host, and ports published beyond 127.0.0.1 are not reached from other hosts",
                    "set nucleus.network.ip-forward=true, or run: sysctl -w net.ipv4.ip_forward=1"));
        }
        if (ActiveNetworks.hasIpv6() && isOff("ipv6/conf/all/forwarding")) {
            problems.add(new HostNetworkProblem(
                    false,
                    "net.ipv6.conf.all.forwarding is 0",
                    "containers exchange nothing over IPv6 with each other or with other hosts",
                    "set nucleus.network.ip-forward=true, or run: sysctl -w net.ipv6.conf.all.forwarding=1"));
        }
    }

    private static void connections(List<HostNetworkProblem> problems) {
        OptionalLong most = number("netfilter/nf_conntrack_max");
        OptionalLong now = number("netfilter/nf_conntrack_count");
        if (most.isPresent() && now.isPresent() && now.getAsLong() > most.getAsLong() * NEARLY_FULL) {
            problems.add(new HostNetworkProblem(
                    false,
                    "the conntrack table is nearly full (" + now.getAsLong() + " of " + most.getAsLong() + " entries)",
                    "new connections are dropped once it is full",
                    "sysctl -w net.netfilter.nf_conntrack_max=" + 2 * most.getAsLong()));
        }
    }

    private static boolean isOff(String setting) {
        OptionalLong value = number(setting);
        return value.isPresent() && value.getAsLong() == 0;
    }

    /** Empty if the kernel has no such setting. */
    private static OptionalLong number(String setting) {
        // In one read: the kernel gives nothing more to a second one.
        try (InputStream file = Files.newInputStream(SYSCTLS.resolve(setting))) {
            return OptionalLong.of(
                    Long.parseLong(new String(file.readNBytes(DIGITS), StandardCharsets.US_ASCII).strip()));
        } catch (IOException | NumberFormatException e) {
            return OptionalLong.empty();
        }
    }
}
