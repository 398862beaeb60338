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

/**
 * What a container may connect to, as rules of which the first that matches decides.
 *
 * @param exactRules rules for single addresses and ports, which come before the refusal of other containers
 * @param generalRules the other rules
 * @param open whether what no rule matches is allowed
 * @param hostServices services of the host that a rule names exactly
 */
record EgressPolicy(
        List<PolicyRule> exactRules, List<PolicyRule> generalRules, boolean open, List<EgressRule> hostServices) {

    /** Addresses of the host's own link, such as those of a cloud's metadata service (RFC 3927, RFC 4291). */
    private static final List<Cidr> LINK_LOCAL = List.of(Cidr.parse("169.254.0.0/16"), Cidr.parse("fe80::/10"));

    /** Whether an address is closed unless a rule names it exactly. */
    static boolean isLinkLocal(InetAddress address) {
        return LINK_LOCAL.stream().anyMatch(block -> block.contains(address));
    }

    static EgressPolicy of(Egress egress, boolean internal) {
        if (internal) {
            return new EgressPolicy(List.of(), List.of(), false, List.of());
        }
        List<EgressRule> exact =
                egress.allow().stream().filter(EgressRule::exact).toList();
        var rest = new ArrayList<PolicyRule>();
        for (Cidr block : LINK_LOCAL) {
            rest.add(new PolicyRule(false, block.ipv4(), Optional.empty(), Optional.empty(), List.of(block)));
        }
        rest.addAll(group(egress.deny(), false));
        rest.addAll(group(egress.allow(), true));
        return new EgressPolicy(
                // Deny takes precedence over exact allow rules.
                egress.deny().isEmpty() ? group(exact, true) : concat(group(egress.deny(), false), group(exact, true)),
                rest,
                egress.open(),
                exact.stream()
                        .filter(rule -> egress.deny().stream().noneMatch(denied -> denied.covers(rule)))
                        .toList());
    }

    private static List<PolicyRule> concat(List<PolicyRule> one, List<PolicyRule> other) {
        var all = new ArrayList<>(one);
        all.addAll(other);
        return all;
    }

    /** All rules, in the order in which they apply. */
    List<PolicyRule> rules() {
        return concat(exactRules, generalRules);
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
                        apart(entry.getValue())))
                .toList();
    }

    /** Without blocks that are within another: blocks either contain each other or are apart. */
    private static List<Cidr> apart(TreeSet<Cidr> blocks) {
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
    Optional<PolicyRule> matchingExactly(InetAddress to, Optional<Protocol> protocol, int port) {
        return matching(exactRules, to, protocol, port);
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
