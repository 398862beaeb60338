package dev.nucleus.network;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.PlanEncoder;
import dev.nucleus.plan.WireWriter;
import dev.nucleus.spec.EgressRule;
import dev.nucleus.spec.Protocol;
import java.net.InetAddress;
import java.util.List;

/** A change of the host's network that the helper carries out; the counterpart of native/src/net/changes.c. */
sealed interface NetworkChange {

    /** Appends the change's number and fields. */
    void write(WireWriter wire);

    /** Replaces the table by one without networks and containers. */
    record Reset() implements NetworkChange {
        @Override
        public void write(WireWriter wire) {
            wire.u8(1);
        }
    }

    /** Deletes the table. */
    record Delete() implements NetworkChange {
        @Override
        public void write(WireWriter wire) {
            wire.u8(2);
        }
    }

    /**
     * Adds or removes a network's interface on the host.
     *
     * @param gateways its addresses, with the length of the network's prefix
     */
    record Bridge(boolean adds, String name, String alias, LaunchPlan.Addresses gateways) implements NetworkChange {
        @Override
        public void write(WireWriter wire) {
            wire.u8(3).bool(adds).string(name).string(alias);
            PlanEncoder.addresses(wire, gateways);
        }
    }

    /** Adds or removes a group of containers that reach each other. */
    record Group(boolean adds, String name) implements NetworkChange {
        @Override
        public void write(WireWriter wire) {
            wire.u8(4).bool(adds).string(name);
        }
    }

    /**
     * Adds a policy, or replaces it.
     *
     * @param formerRules number of rules of the policy that it replaces; -1: there is none
     * @param groups whose members it allows
     */
    record Policy(String name, int formerRules, List<String> groups, EgressPolicy egress) implements NetworkChange {
        @Override
        public void write(WireWriter wire) {
            wire.u8(5)
                    .string(name)
                    .bool(formerRules >= 0)
                    .u32(Math.max(formerRules, 0))
                    .strings(groups)
                    .u32(egress.rulesBeforePeers().size())
                    .list(egress.rules(), (w, rule) -> rule.write(w))
                    .bool(egress.open());
        }
    }

    /** Removes a policy that no container has. */
    record PolicyRemoved(String name, int rules) implements NetworkChange {
        @Override
        public void write(WireWriter wire) {
            wire.u8(6).string(name).u32(rules);
        }
    }

    /**
     * Adds or removes a container's interface.
     *
     * @param groups that it is a member of
     * @param hostServices services of the host that it may use
     */
    record Attachment(
            boolean adds, LaunchPlan.Link link, String policy, List<String> groups, List<EgressRule> hostServices)
            implements NetworkChange {

        /** The change that undoes it. */
        Attachment removal() {
            return new Attachment(false, link, policy, groups, hostServices);
        }

        @Override
        public void write(WireWriter wire) {
            wire.u8(7).bool(adds).string(link.hostName()).string(policy).strings(groups);
            PlanEncoder.addresses(wire, link.addresses());
            PlanEncoder.addresses(wire, link.gateways());
            wire.list(
                    hostServices,
                    (w, rule) -> w.bytes(rule.destination().address().getAddress())
                            .u8(rule.protocol().orElseThrow().number())
                            .u16(rule.ports().orElseThrow().first()));
        }
    }

    /** Replaces the containers behind a published port; none: connections to it are refused. */
    record Port(
            InetAddress address,
            int port,
            Protocol protocol,
            boolean wasPublished,
            boolean isPublished,
            List<Backend> before,
            List<Backend> after)
            implements NetworkChange {
        @Override
        public void write(WireWriter wire) {
            wire.u8(8)
                    .bytes(address.getAddress())
                    .u8(protocol.number())
                    .u16(port)
                    .u8((wasPublished ? 1 : 0) | (isPublished ? 2 : 0))
                    .list(before, Port::backend)
                    .list(after, Port::backend);
        }

        private static void backend(WireWriter wire, Backend backend) {
            wire.bytes(backend.address().getAddress()).u16(backend.port());
        }
    }

    /** Removes an interface that was left behind. */
    record LinkRemoved(String name) implements NetworkChange {
        @Override
        public void write(WireWriter wire) {
            wire.u8(9).string(name);
        }
    }

    /** Removes the routes of a network that was left behind, by its gateways' addresses. */
    record SubnetRemoved(LaunchPlan.Addresses gateways) implements NetworkChange {
        @Override
        public void write(WireWriter wire) {
            wire.u8(11);
            PlanEncoder.addresses(wire, gateways);
        }
    }

    /** Lets the host forward packets between its interfaces. */
    record Forwarding(boolean ipv6) implements NetworkChange {
        @Override
        public void write(WireWriter wire) {
            wire.u8(10).bool(ipv6);
        }
    }
}
