package dev.nucleus.isolation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.User;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.apache.commons.codec.digest.DigestUtils;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * The user and the groups of the workload. Without a user in the spec it gets one of its own: a number from a range that no
 * host hands out, the same for the same name, so that its volumes stay its own.
 */
@Component
@Order(20)
final class IdentityLayer implements Layer {

    /**
     * 1879048192 to 2147483647 is used by nobody (systemd's UIDS-GIDS.md); half of it is taken here.
     */
    static final int FIRST_UID = 1_879_048_192;

    static final int UIDS = 1 << 27;
    /**
     * What root inside a user namespace is on the disk of a volume: nobody, so that a file it leaves there has no rights
     * (native/src/launch/userns.h).
     */
    static final int ROOT_ON_DISK = FIRST_UID + UIDS - 1;

    private static final String LAYER = "identity";

    @Override
    public void contribute(LaunchRequest request, LaunchPlan.Builder plan) {
        LaunchPlan.Identity identity = request.spec()
                .user()
                .map(user -> resolve(
                        user, new Accounts(request.spec().filesystem().rootfs().orElse(Path.of("/")))))
                .orElseGet(() -> ownIdentity(request.name()));
        plan.identity(identity);
        if (identity.uid() == 0) {
            plan.can(LAYER, "be root inside", "user: root was requested");
        } else {
            plan.cannot(
                    LAYER,
                    "open files that only root may",
                    "it runs as user " + identity.uid() + (request.spec().user().isPresent() ? "" : ", its own"));
        }
    }

    static LaunchPlan.Identity ownIdentity(String name) {
        byte[] digest = DigestUtils.sha256(name);
        int offset = Integer.parseInt(HexFormat.of().formatHex(digest, 0, 3), 16) | (digest[3] & 0x7) << 24;
        // The last number is ROOT_ON_DISK, which no workload may be.
        int id = FIRST_UID + offset % (UIDS - 1);
        return new LaunchPlan.Identity(id, id, List.of());
    }

    static LaunchPlan.Identity resolve(User user, Accounts accounts) {
        Optional<Accounts.Account> account =
                User.number(user.user()).isPresent() ? Optional.empty() : Optional.of(accounts.user(user.user()));
        int uid = User.number(user.user()).orElseGet(() -> account.orElseThrow().uid());
        int gid = user.group()
                .map(group -> User.number(group).orElseGet(() -> accounts.group(group)))
                .or(() -> account.map(Accounts.Account::gid))
                .orElseThrow(() -> new InvalidSpecException("user " + user + " needs a group"));
        var groups = new ArrayList<Integer>();
        user.groups().forEach(group -> groups.add(User.number(group).orElseGet(() -> accounts.group(group))));
        return new LaunchPlan.Identity(uid, gid, List.copyOf(groups));
    }
}
