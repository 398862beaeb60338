package dev.nucleus.isolation;

import dev.nucleus.plan.HostPath;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.MountAttributes;
import dev.nucleus.plan.RootfsStep;
import dev.nucleus.spec.Filesystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A small /etc made for a container that runs the host's programs: never the host's own. */
final class EtcFiles {

    /** Harmless, and needed by programs: the loader's cache, CA certificates, Debian's alternatives, the time zone. */
    private static final List<String> FROM_HOST = List.of(
            "ld.so.cache", "ssl/certs", "alternatives", "java-17-openjdk", "java-21-openjdk", "java-25-openjdk");

    private final List<RootfsStep> fromHost;

    /** Looks once at what the host has. */
    EtcFiles() {
        var tree = new RootTree();
        bindFromHost(tree);
        addTimeZone(tree);
        fromHost = tree.steps();
    }

    void add(RootTree tree, LaunchPlan.Identity identity, String name) {
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
        tree.add(new RootfsStep.File("/etc/resolv.conf", ""));
        tree.add(new RootfsStep.File("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"));
        fromHost.forEach(tree::add);
    }

    private static void bindFromHost(RootTree tree) {
        tree.add(new RootfsStep.Directory("/etc"));
        for (String path : FROM_HOST) {
            Path source = Path.of("/etc", path);
            if (Files.exists(source)) {
                String target = "/etc/" + path;
                if (Files.isDirectory(source)) {
                    tree.directories(target);
                }
                tree.add(new RootfsStep.Bind(target, HostPath.own(source.toString()), MountAttributes.SEALED, true));
            }
        }
    }

    private static void addTimeZone(RootTree tree) {
        Path localtime = Path.of("/etc/localtime");
        try {
            if (Files.isSymbolicLink(localtime)) {
                Path zone = localtime
                        .resolveSibling(Files.readSymbolicLink(localtime))
                        .normalize();
                tree.add(new RootfsStep.Symlink("/etc/localtime", zone.toString()));
            }
        } catch (IOException e) {
            // Without it times are in UTC, which is what a container without a zone shows.
            return;
        }
    }
}
