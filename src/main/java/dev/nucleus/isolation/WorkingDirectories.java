package dev.nucleus.isolation;

import dev.nucleus.kernel.HostDirectory;
import dev.nucleus.kernel.HostFeatures;
import dev.nucleus.plan.HostPath;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.MountAttributes;
import dev.nucleus.plan.RootfsStep;
import dev.nucleus.plan.RootfsStep.Owners;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.spec.ContextMount;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.WorkspaceMount;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The workspace and the context of a container: directories of the host, or copies of them. */
final class WorkingDirectories {

    private static final String LAYER = FilesystemLayer.NAME;

    private WorkingDirectories() {}

    static void context(PreparedLaunch launch, RootTree tree, LaunchPlan.Builder plan) {
        launch.spec().filesystem().context().ifPresent(context -> {
            tree.bind(
                    ContextMount.TARGET,
                    context.mode() == ContextMount.Mode.COPY
                            ? HostPath.own(launch.request()
                                    .copies()
                                    .resolve(FilesystemLayer.CONTEXT_COPY)
                                    .toString())
                            : named(launch.request().sources().context(), context.source()),
                    MountAttributes.SEALED | MountAttributes.NO_EXEC,
                    Owners.HOST);
            plan.can(
                    LAYER,
                    "read " + (context.mode() == ContextMount.Mode.COPY ? "a copy of " : "") + context.source()
                            + " of the host",
                    "context at " + ContextMount.TARGET);
        });
    }

    static void workspace(PreparedLaunch launch, RootTree tree, LaunchPlan.Builder plan, HostFeatures host) {
        launch.spec().filesystem().workspace().ifPresent(workspace -> {
            boolean readOnly = workspace.access() == WorkspaceMount.Access.BIND_RO;
            long attributes = MountAttributes.NO_SUID
                    | MountAttributes.NO_DEV
                    | (workspace.execute() ? 0 : MountAttributes.NO_EXEC)
                    | (readOnly ? MountAttributes.READ_ONLY : 0);
            tree.add(new RootfsStep.Directory(WorkspaceMount.TARGET));
            tree.add(step(workspace, launch, attributes, host));
            plan.can(
                    LAYER,
                    switch (workspace.access()) {
                        case BIND_RW ->
                            "change " + workspace.source() + " of the host, as its owner (unless that is root)"
                                    + FilesystemLayer.connects(launch);
                        case BIND_RO ->
                            "read " + workspace.source() + " of the host" + FilesystemLayer.connects(launch);
                        case COPY_IN_OUT ->
                            "change a copy of " + workspace.source()
                                    + " of the host; the changes are copied back when it ends";
                    },
                    "workspace at " + WorkspaceMount.TARGET);
            explainExecution(workspace, launch.spec().mode(), plan);
        });
    }

    private static void explainExecution(WorkspaceMount workspace, Mode mode, LaunchPlan.Builder plan) {
        boolean usual = workspace.execute() == WorkspaceMount.executableIn(mode);
        String what = "run programs in " + WorkspaceMount.TARGET;
        if (workspace.execute()) {
            plan.can(LAYER, what, usual ? "the default in " + mode + " mode; noexec forbids it" : "workspace: exec");
        } else {
            plan.cannot(LAYER, what, usual ? "the default in " + mode + " mode; exec allows it" : "workspace: noexec");
        }
    }

    /**
     * Maps the directory's owner on disk to the workload's user, so that the workload can write to it, and new files
     * belong to that owner. Not where root owns it: new files must not be root's, with mode bits that only root's files
     * should have. Without root there is only one user anyway.
     */
    private static RootfsStep step(
            WorkspaceMount workspace, PreparedLaunch launch, long attributes, HostFeatures host) {
        LaunchPlan.Identity owner = launch.files()
                .workspaceOwner()
                .orElseGet(() -> new LaunchPlan.Identity(
                        host.identity().uid(), host.identity().gid(), List.of()));
        boolean mapped = host.identity().root() && (workspace.copied() || owner.uid() != 0);
        HostPath from = workspace.copied()
                ? HostPath.own(launch.request()
                        .copies()
                        .resolve(FilesystemLayer.WORKSPACE_COPY)
                        .toString())
                : named(launch.request().sources().workspace(), workspace.source());
        return mapped
                ? new RootfsStep.Workspace(WorkspaceMount.TARGET, from, attributes, owner.uid(), owner.gid())
                : new RootfsStep.Bind(WorkspaceMount.TARGET, from, attributes, false);
    }

    /** The directory as it was opened, without links; the path as it was named when nothing is launched. */
    private static HostPath named(Optional<HostDirectory> looked, Path named) {
        return looked.map(directory ->
                        HostPath.named(directory.path().toString()).verified(directory.device(), directory.inode()))
                .orElseGet(() -> HostPath.named(named.toString()));
    }
}
