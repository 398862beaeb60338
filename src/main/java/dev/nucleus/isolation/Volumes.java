package dev.nucleus.isolation;

import dev.nucleus.plan.HostPath;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.MountAttributes;
import dev.nucleus.plan.RootfsStep;
import dev.nucleus.plan.RootfsStep.Owners;
import dev.nucleus.preparation.Identities;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.preparation.Workload;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.VolumeMount;

/** Mounts of host directories and files, and of named volumes. */
final class Volumes {

    private static final String LAYER = FilesystemLayer.NAME;

    private Volumes() {}

    static void add(
            RootTree tree,
            VolumeMount volume,
            PreparedLaunch launch,
            LaunchPlan.Identity identity,
            LaunchPlan.Builder plan,
            boolean isRoot) {
        long attributes = MountAttributes.NO_SUID
                | MountAttributes.NO_DEV
                | (volume.readOnly() ? MountAttributes.READ_ONLY : 0)
                | (volume.execute() ? 0 : MountAttributes.NO_EXEC);
        // Without root, only the manager's user and its subordinate range exist, and mounts can't be ID-mapped.
        Owners owners = plan.mapped() && isRoot ? Owners.MAPPED : Owners.HOST;
        String source = volume.named()
                ? addNamed(tree, volume, launch, identity, attributes, owners)
                : addBind(tree, volume, launch, attributes, owners);
        plan.can(
                LAYER,
                (volume.readOnly() ? "read " : "read and write ") + source + " of the host"
                        + FilesystemLayer.connects(launch),
                "volume at " + volume.target());
    }

    /** @return its path on the host */
    private static String addNamed(
            RootTree tree,
            VolumeMount volume,
            PreparedLaunch launch,
            LaunchPlan.Identity identity,
            long attributes,
            Owners owners) {
        Workload.HostVolume place = launch.request().workload().volumes().get(volume.source());
        if (place == null) {
            throw new InvalidSpecException("there is no volume '" + volume.source() + "'");
        }
        String path = place.path().toString();
        LaunchPlan.Identity owner = place.owner().orElse(identity);
        tree.directories(volume.target());
        tree.add(new RootfsStep.Volume(
                volume.target(),
                HostPath.named(path),
                attributes,
                0700,
                onDisk(owner.uid(), owners),
                onDisk(owner.gid(), owners),
                owners));
        return path;
    }

    /** @return its path on the host */
    private static String addBind(
            RootTree tree, VolumeMount volume, PreparedLaunch launch, long attributes, Owners owners) {
        if (launch.files().directories().contains(volume.source())) {
            tree.directories(volume.target());
        } else {
            tree.parents(volume.target());
        }
        tree.add(new RootfsStep.Bind(volume.target(), HostPath.named(volume.source()), attributes, false, owners));
        return volume.source();
    }

    /** The owner on disk: root in a user namespace is mapped to an ID that is not the host's root. */
    private static int onDisk(int number, Owners owners) {
        return owners == Owners.MAPPED && number == 0 ? Identities.ROOT_ON_DISK : number;
    }
}
