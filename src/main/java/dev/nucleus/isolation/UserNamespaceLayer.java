package dev.nucleus.isolation;

import dev.nucleus.kernel.HostFeatures;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.LaunchPlan.IdMap;
import dev.nucleus.preparation.IdRanges;
import dev.nucleus.preparation.Identities;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.preparation.SubordinateIds;
import dev.nucleus.preparation.UnsupportedLayerException;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.UserNamespace;
import dev.nucleus.spec.UserNamespace.IdRange;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/** The mapping of a container's users to host users (user_namespaces(7)). */
@Component
@Order(25)
final class UserNamespaceLayer implements Layer {

    private static final String LAYER = "user namespace";

    private final HostFeatures host;

    UserNamespaceLayer(HostFeatures host) {
        this.host = host;
    }

    @Override
    public void contribute(PreparedLaunch launch, LaunchPlan.Builder plan) {
        if (launch.usesGvisor()) {
            plan.cannot(LAYER, "act as any user of the host, even as root inside", "its users are gVisor's own");
            return;
        }
        UserNamespace requested = launch.spec().userNamespace();
        boolean root = host.identity().root();
        switch (requested) {
            case UserNamespace.None() -> {
                if (!root) {
                    onlyWorkload(launch, plan, "rootless");
                } else if (launch.posture().userNamespaceRequired()) {
                    range(launch, plan);
                } else {
                    plan.can(LAYER, "be the same user inside and on the host", "user-namespace: none");
                }
            }
            case UserNamespace.Auto() -> {
                if (root) {
                    range(launch, plan);
                } else {
                    subordinate(launch.userIds().subordinate(), plan);
                }
            }
            case UserNamespace.KeepId() -> {
                if (root) {
                    throw new InvalidSpecException(
                            "user-namespace: keep-id needs a manager without root; use auto, and user: for a number");
                }
                keep(plan);
                subordinate(launch.userIds().subordinate(), plan);
            }
            case UserNamespace.NoMap() -> onlyWorkload(launch, plan, "user-namespace: nomap");
            case UserNamespace.Explicit explicit ->
                explicit(explicit, launch.userIds().subordinate(), plan);
        }
    }

    /**
     * Maps only the workload's user and group: to a dedicated host user if the manager is root, else to the manager's.
     */
    private void onlyWorkload(PreparedLaunch launch, LaunchPlan.Builder plan, String because) {
        LaunchPlan.Identity inside = plan.identity();
        boolean root = host.identity().root();
        int outside = Identities.own(launch.name()).uid();
        map(
                plan,
                List.of(new IdMap(inside.uid(), root ? outside : host.identity().uid(), 1)),
                List.of(new IdMap(inside.gid(), root ? outside : host.identity().gid(), 1)));
        plan.denySetgroups(!root)
                .cannot(
                        LAYER,
                        root
                                ? "act as any user of the host, even as root inside"
                                : "act as any user of the host but the one who started it",
                        because);
    }

    /** Maps users 0 to 65535 to a range of the host that no other container has; a dedicated user keeps its number. */
    private static void range(PreparedLaunch launch, LaunchPlan.Builder plan) {
        int first = launch.userIds().range().orElseThrow();
        LaunchPlan.Identity identity = plan.identity();
        map(plan, withOwn(identity.uid(), first), withOwn(identity.gid(), first));
        plan.cannot(
                LAYER,
                "act as any user of the host, even as root inside",
                "its users 0 to " + (IdRanges.COUNT - 1) + " are " + first + " to " + (first + IdRanges.COUNT - 1)
                        + " of the host");
    }

    private static List<IdMap> withOwn(int own, int first) {
        var maps = new ArrayList<IdMap>();
        maps.add(new IdMap(0, first, IdRanges.COUNT));
        if (own >= IdRanges.COUNT) {
            maps.add(new IdMap(own, own, 1));
        }
        return maps;
    }

    /** Gives the workload the manager's user, by the same number. */
    private void keep(LaunchPlan.Builder plan) {
        plan.identity(
                new LaunchPlan.Identity(host.identity().uid(), host.identity().gid(), List.of()));
    }

    /** Maps the workload to the manager's user, and all other users to the ranges that the host grants that user. */
    private void subordinate(SubordinateIds ids, LaunchPlan.Builder plan) {
        SubordinateIds.Range users = ids.users().orElseThrow(() -> missing("/etc/subuid", ids.user()));
        SubordinateIds.Range groups = ids.groups().orElseThrow(() -> missing("/etc/subgid", ids.user()));
        LaunchPlan.Identity identity = plan.identity();
        map(
                plan,
                around(identity.uid(), host.identity().uid(), users),
                around(identity.gid(), host.identity().gid(), groups));
        mapPrograms(ids, plan)
                .cannot(
                        LAYER,
                        "act as any user of the host but the one who started it and " + users.first() + " to "
                                + (users.first() + users.count() - 1),
                        "/etc/subuid");
    }

    /** The single ID and, around it, the range, so that no number is mapped twice. */
    private static List<IdMap> around(int inside, int outside, SubordinateIds.Range range) {
        var maps = new ArrayList<IdMap>();
        maps.add(new IdMap(inside, outside, 1));
        int below = Math.min(inside, range.count());
        if (below > 0) {
            maps.add(new IdMap(0, range.first(), below));
        }
        if (inside < range.count() - 1) {
            maps.add(new IdMap(inside + 1, range.first() + below, range.count() - below));
        }
        return maps;
    }

    private static LaunchPlan.Builder mapPrograms(SubordinateIds ids, LaunchPlan.Builder plan) {
        return plan.mapPrograms(program(ids.newuidmap(), "newuidmap"), program(ids.newgidmap(), "newgidmap"));
    }

    private static String program(Optional<Path> found, String name) {
        return found.map(Path::toString)
                .orElseThrow(() -> new UnsupportedLayerException("user-namespace: " + name
                        + " is needed to map more than one user without root, but /usr/bin has none that only root"
                        + " could have installed; on Debian: apt-get install uidmap"));
    }

    private UnsupportedLayerException missing(String file, String user) {
        return new UnsupportedLayerException("user-namespace: " + file + " grants user "
                + host.identity().uid()
                + " no range; as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "
                + user);
    }

    private void explicit(UserNamespace.Explicit explicit, SubordinateIds ids, LaunchPlan.Builder plan) {
        LaunchPlan.Identity identity = plan.identity();
        requireMapped("user", identity.uid(), explicit.uids());
        requireMapped("group", identity.gid(), explicit.gids());
        map(plan, maps(explicit.uids()), maps(explicit.gids()));
        if (!host.identity().root()) {
            mapPrograms(ids, plan);
        }
        plan.cannot(LAYER, "act as a user of the host that isn't mapped", "user-namespace: " + explicit);
    }

    private static void requireMapped(String kind, int number, List<IdRange> ranges) {
        if (ranges.stream().noneMatch(range -> number >= range.inside() && number - range.inside() < range.count())) {
            throw new InvalidSpecException("user-namespace: the workload's " + kind + " " + number
                    + " is in none of the ranges; set user: to one that is, or map it");
        }
    }

    private static List<IdMap> maps(List<IdRange> ranges) {
        return ranges.stream()
                .map(range -> new IdMap(range.inside(), range.outside(), range.count()))
                .toList();
    }

    private static void map(LaunchPlan.Builder plan, List<IdMap> uids, List<IdMap> gids) {
        plan.namespaces(NamespacesLayer.NEWUSER);
        plan.mapIdentities(uids, gids);
    }
}
