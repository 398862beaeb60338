package dev.nucleus.isolation;

import dev.nucleus.plan.HostPath;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.MountAttributes;
import dev.nucleus.plan.RootfsStep;
import dev.nucleus.preparation.HostRoot;
import dev.nucleus.spec.Filesystem;

/** A minimal /etc for a container that runs the host's programs, instead of the host's own. */
final class EtcFiles {

    private EtcFiles() {}

    /** @param resolver content of resolv.conf(5) */
    static void add(HostRoot host, RootTree tree, LaunchPlan.Identity identity, String name, String resolver) {
        String hostname = name.substring(name.lastIndexOf('/') + 1);
        tree.add(new RootfsStep.Directory("/etc"));
        tree.add(new RootfsStep.File(
                "/etc/passwd",
                "root:x:0:0:root:/root:/usr/sbin/nologin\n"
                        + (identity.uid() == 0
                                ? ""
                                : "agent:x:" + identity.uid() + ":" + identity.gid() + ":agent:" + Filesystem.HOME
                                        + ":/bin/sh\n")
                        + "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"));
        tree.add(new RootfsStep.File(
                "/etc/group",
                "root:x:0:\n" + (identity.gid() == 0 ? "" : "agent:x:" + identity.gid() + ":\n")
                        + "nogroup:x:65534:\n"));
        tree.add(new RootfsStep.File("/etc/hosts", "127.0.0.1 localhost " + hostname + "\n::1 localhost\n"));
        tree.add(new RootfsStep.File("/etc/hostname", hostname + "\n"));
        tree.add(new RootfsStep.File("/etc/resolv.conf", resolver));
        tree.add(new RootfsStep.File("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"));
        host.etc().forEach(entry -> bind(entry, tree));
        host.timeZone().ifPresent(zone -> tree.add(new RootfsStep.Symlink("/etc/localtime", zone)));
    }

    private static void bind(HostRoot.EtcEntry entry, RootTree tree) {
        if (entry.directory()) {
            tree.directories(entry.path());
        }
        tree.add(new RootfsStep.Bind(entry.path(), HostPath.own(entry.path()), MountAttributes.SEALED, true));
    }
}
