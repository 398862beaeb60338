package dev.nucleus.preparation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.User;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.apache.commons.codec.digest.DigestUtils;

/** User and group IDs: those in the host's or a container's files, and those that Nucleus assigns itself. */
public final class Identities {

    /**
     * 1879048192 to 2147483647 are unassigned (systemd's UIDS-GIDS.md); workloads' own users come from the lower half.
     */
    public static final int FIRST_UID = 1_879_048_192;

    static final int UIDS = 1 << 27;
    /**
     * Owner on disk of files that root inside a user namespace creates in a volume: no user of the host, so that such
     * files confer no rights (native/src/launch/id_map.h).
     */
    public static final int ROOT_ON_DISK = FIRST_UID + UIDS - 1;

    private Identities() {}

    /**
     * The user of a container whose specification names none: the same for the same name, so it keeps owning its
     * volumes.
     */
    public static LaunchPlan.Identity own(String name) {
        byte[] digest = DigestUtils.sha256(name);
        int offset = Integer.parseInt(HexFormat.of().formatHex(digest, 0, 3), 16) | (digest[3] & 0x7) << 24;
        // The last number is ROOT_ON_DISK, which no workload may have.
        int id = FIRST_UID + offset % (UIDS - 1);
        return new LaunchPlan.Identity(id, id, List.of());
    }

    /**
     * @param root the container's root filesystem, or the host's
     * @throws InvalidSpecException when there is no such user or group
     */
    public static LaunchPlan.Identity resolve(User user, Path root) {
        var accounts = new Accounts(root);
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
