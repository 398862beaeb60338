package dev.nucleus.network;

import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.Egress;
import dev.nucleus.spec.EgressRule;
import dev.nucleus.spec.PortRange;
import dev.nucleus.spec.Protocol;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Outbound policy of a container: ordered rules, of which the first that matches decides.
 *
 * @param rulesBeforePeers evaluated before other containers are refused: deny rules, then allow rules for a single address
 *     and port
 * @param generalRules the other rules
 * @param open whether what no rule matches is allowed
 * @param hostServices services of the host that a rule names exactly
 */
record EgressPolicy(
        List<PolicyRule> rulesBeforePeers, List<PolicyRule> generalRules, boolean open, List<EgressRule> hostServices) {

    private static final int DNS = 53;

    /**
     * Link-local addresses (RFC 3927, RFC 4291), and those where clouds offer metadata and credentials to every program
     * of a host: Azure, Alibaba Cloud, Oracle Cloud, Scaleway, and over IPv6 AWS, Google Cloud, Oracle Cloud and Scaleway.
     */
    private static final List<Cidr> METADATA = Stream.of(
                    "169.254.0.0/16",
                    "168.63.129.16",
                    "100.100.100.200",
                    "192.0.0.192",
                    "fe80::/10",
                    "fd00:ec2::/32",
                    "fd20:ce::254",
                    "fd00:c1::a9fe:a9fe",
                    "fd00:42::42")
            .map(Cidr::parse)
            .toList();

    /** Whether an address is closed unless a rule names it exactly. */
    static boolean isMetadata(InetAddress address) {
        return METADATA.stream().anyMatch(block -> block.contains(address));
    }

    static EgressPolicy of(Egress egress, boolean internal) {
        if (internal) {
            return new EgressPolicy(List.of(), List.of(), false, List.of());
        }
        List<EgressRule> exact =
                egress.allow().stream().filter(EgressRule::exact).toList();
        List<EgressRule> others =
                egress.allow().stream().filter(rule -> !rule.exact()).toList();
        return new EgressPolicy(
                concat(group(egress.deny(), false), group(exact, true)),
                concat(metadata(), group(others, true)),
                egress.open(),
                exact.stream()
                        .filter(rule -> egress.deny().stream().noneMatch(denied -> denied.covers(rule)))
                        .distinct()
                        .toList());
    }

    private static List<PolicyRule> metadata() {
        return all(METADATA, false);
    }

    /** Rules that allow everything to these blocks. */
    static List<PolicyRule> allow(List<Cidr> blocks) {
        return all(blocks, true);
    }

    private static List<PolicyRule> all(List<Cidr> blocks, boolean allows) {
        return group(
                blocks.stream()
                        .map(block -> new EgressRule(block, Optional.empty(), Optional.empty()))
                        .toList(),
                allows);
    }

    /** Whether it may reach port 53 somewhere, so that it could send data out in queries anyway. */
    boolean allowsResolvers() {
        return open
                || rules().stream()
                        .filter(PolicyRule::allows)
                        .anyMatch(rule -> rule.ports()
                                .map(range -> range.first() <= DNS && DNS <= range.last())
                                .orElse(true));
    }

    private static List<PolicyRule> concat(List<PolicyRule> one, List<PolicyRule> other) {
        var all = new ArrayList<>(one);
        all.addAll(other);
        return all;
    }

    /** All rules, in the order in which they apply. */
    List<PolicyRule> rules() {
        return concat(rulesBeforePeers, generalRules);
    }

    private record Kind(boolean ipv4, Optional<Protocol> protocol, Optional<PortRange> ports) {}

    /** One rule for all destinations with the same ports. */
    private static List<PolicyRule> group(List<EgressRule> rules, boolean allows) {
        Map<Kind, TreeSet<Cidr>> kinds = new LinkedHashMap<>();
        for (EgressRule rule : rules) {
            kinds.computeIfAbsent(
                            new Kind(rule.destination().ipv4(), rule.protocol(), rule.ports()), _ -> new TreeSet<>())
                    .add(rule.destination());
        }
        return kinds.entrySet().stream()
                .map(entry -> new PolicyRule(
                        allows,
                        entry.getKey().ipv4(),
                        entry.getKey().protocol(),
                        entry.getKey().ports(),
                        withoutNested(entry.getValue())))
                .toList();
    }

    /** Without blocks within another: blocks either contain each other or are apart. */
    private static List<Cidr> withoutNested(TreeSet<Cidr> blocks) {
        var result = new ArrayList<Cidr>();
        for (Cidr block : blocks) {
            if (result.isEmpty() || !result.getLast().contains(block.address())) {
                result.add(block);
            }
        }
        return result;
    }

    /** The rule that decides about a connection; empty: none matches. */
    Optional<PolicyRule> matching(InetAddress to, Optional<Protocol> protocol, int port) {
        return matching(rules(), to, protocol, port);
    }

    /** The rule that decides before other containers are refused. */
    Optional<PolicyRule> matchingBeforePeers(InetAddress to, Optional<Protocol> protocol, int port) {
        return matching(rulesBeforePeers, to, protocol, port);
    }

    private static Optional<PolicyRule> matching(
            List<PolicyRule> rules, InetAddress to, Optional<Protocol> protocol, int port) {
        return rules.stream()
                .filter(rule -> rule.protocol().isEmpty() || rule.protocol().equals(protocol))
                .filter(rule -> rule.ports()
                        .map(range -> range.first() <= port && port <= range.last())
                        .orElse(true))
                .filter(rule -> rule.destinations().stream().anyMatch(block -> block.contains(to)))
                .findFirst();
    }
}
