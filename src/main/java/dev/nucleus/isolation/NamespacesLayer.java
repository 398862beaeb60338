package dev.nucleus.isolation;

import dev.nucleus.kernel.HostFeatures;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.preparation.LaunchRequest;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.preparation.UnsupportedLayerException;
import dev.nucleus.spec.Network;
import dev.nucleus.spec.Runtime;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/** The container's own namespaces (namespaces(7)), its hostname and its PID 1. */
@Component
@Order(10)
final class NamespacesLayer implements Layer {

    static final int NEWNS = 0x00020000;
    static final int NEWCGROUP = 0x02000000;
    static final int NEWUTS = 0x04000000;
    static final int NEWIPC = 0x08000000;
    static final int NEWUSER = 0x10000000;
    static final int NEWPID = 0x20000000;
    static final int NEWNET = 0x40000000;

    private static final String LAYER = "namespaces";
    private static final int MAX_HOSTNAME = 63;

    private final HostFeatures host;

    NamespacesLayer(HostFeatures host) {
        this.host = host;
    }

    @Override
    public void check(LaunchRequest request) {
        if (request.spec().network() != Network.BRIDGE) {
            return;
        }
        if (!host.identity().root()) {
            throw new UnsupportedLayerException(
                    "network: networks need a manager that runs as root; use network: none or network: host");
        }
        if (request.spec().security().requestedRuntime() == Runtime.GVISOR) {
            throw new UnsupportedLayerException(
                    "network: containers with gVisor can't join networks yet; use runtime: native, or network: none");
        }
    }

    @Override
    public void contribute(PreparedLaunch launch, LaunchPlan.Builder plan) {
        boolean init = launch.spec().init() && !launch.usesGvisor();
        plan.namespaces(NEWNS | NEWPID | NEWUTS | NEWIPC | NEWCGROUP)
                .hostname(hostname(launch.name()))
                .init(init)
                .cannot(LAYER, "see or signal processes outside it", "its own PID namespace")
                .cannot(LAYER, "see the host's mounts, hostname, IPC objects or cgroups", "namespaces of its own");
        network(launch, plan);
        clocks(launch, plan);
        if (init) {
            plan.can(LAYER, "leave orphans behind without harm", "a small init is PID 1 and reaps them")
                    .cannot(LAYER, "outlive its supervisor", "its PID 1 ends with the supervisor");
        } else if (!launch.usesGvisor()) {
            plan.can(LAYER, "be PID 1, and leave its orphans unreaped", "init: false")
                    .cannot(LAYER, "outlive its supervisor", "a guardian process ends it");
        }
    }

    private static void network(PreparedLaunch launch, LaunchPlan.Builder plan) {
        switch (launch.spec().network()) {
            case NONE ->
                plan.namespaces(NEWNET)
                        .cannot(
                                LAYER,
                                "reach any network but its own loopback",
                                "its own network namespace, network: none");
            case BRIDGE ->
                NetworkStatements.add(
                        launch,
                        plan.namespaces(NEWNET).links(launch.request().network().links()));
            case HOST -> plan.can(LAYER, "use the host's network like any local process", "network: host");
        }
    }

    private void clocks(PreparedLaunch launch, LaunchPlan.Builder plan) {
        if (launch.usesGvisor()) {
            return;
        }
        if (!launch.spec().security().timeNamespace()) {
            plan.can(LAYER, "see how long the host has been up", "time-namespace: false");
            return;
        }
        if (!host.identity().root()) {
            throw new UnsupportedLayerException("time-namespace: a time namespace needs a manager that runs as root");
        }
        plan.ownClocks(true).cannot(LAYER, "see how long the host has been up", "a time namespace");
    }

    /** A replica's name contains a slash; the part after it is the hostname. */
    private static String hostname(String name) {
        String last = name.substring(name.lastIndexOf('/') + 1).replace('_', '-');
        return last.length() > MAX_HOSTNAME ? last.substring(0, MAX_HOSTNAME) : last;
    }
}
