package dev.nucleus.preparation;

import dev.nucleus.kernel.HostFeatures;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.policy.CapabilityPolicy;
import dev.nucleus.policy.LandlockPolicy;
import dev.nucleus.policy.SeccompProfiles;
import dev.nucleus.preparation.PreparedLaunch.HostFiles;
import dev.nucleus.preparation.PreparedLaunch.Policies;
import dev.nucleus.preparation.PreparedLaunch.UserIds;
import dev.nucleus.rootfs.RootfsAttestation;
import dev.nucleus.rootfs.RootfsException;
import dev.nucleus.rootfs.RootfsTree;
import dev.nucleus.spec.Filesystem;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.SecretMount;
import dev.nucleus.spec.Security;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.spec.WorkspaceMount;
import dev.nucleus.text.ArgumentText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import org.springframework.stereotype.Component;

/** Reads from the host what a launch depends on, and reserves what the container gets exclusively. */
@Component
public final class Preparation {

    private final HostFeatures host;
    private final KernelChoice kernels;
    private final HookPrograms hooks;
    private final IdRanges ranges;
    private final HostRoot hostRoot;
    private final RootfsAttestation attestation;

    Preparation(HostFeatures host, KernelChoice kernels, HookPrograms hooks, IdRanges ranges) {
        this.host = host;
        this.kernels = kernels;
        this.hooks = hooks;
        this.ranges = ranges;
        this.hostRoot = HostRoot.read();
        this.attestation = new RootfsAttestation(host.identity().uid());
    }

    /**
     * Prepares a launch. Its reservations belong to the container until {@link IdRanges#release}, which is called when
     * the container has ended and when the launch fails.
     *
     * @throws UnsupportedLayerException when this host doesn't support what is required
     * @throws InvalidSpecException when the request names a user, file or path that doesn't exist
     * @throws RootfsException when the root filesystem can't be read, or doesn't match its manifest or pin
     * @throws dev.nucleus.policy.PolicyViolationException when a policy file can't be read or parsed
     */
    public PreparedLaunch prepare(LaunchRequest request) {
        return prepare(request, name -> ranges.claim(request.id(), name));
    }

    /** Like {@link #prepare}, for a plan that is only displayed: nothing is reserved. */
    public PreparedLaunch preview(LaunchRequest request) {
        return prepare(request, ranges::firstFree);
    }

    private PreparedLaunch prepare(LaunchRequest request, ToIntFunction<String> rangeOf) {
        Optional<Gvisor> gvisor = kernels.choose(request);
        boolean usesGvisor = gvisor.isPresent();
        boolean root = host.identity().root();
        return new PreparedLaunch(
                request,
                gvisor,
                identity(request),
                new UserIds(
                        !usesGvisor && root && IdRanges.needed(request)
                                ? OptionalInt.of(rangeOf.applyAsInt(request.name()))
                                : OptionalInt.empty(),
                        usesGvisor
                                        || root
                                        || !SubordinateIds.needed(request.spec().userNamespace())
                                ? SubordinateIds.NONE
                                : SubordinateIds.read(
                                        Path.of("/"),
                                        System.getProperty("user.name", ""),
                                        host.identity().uid())),
                root(request, usesGvisor),
                policies(request.spec().security(), usesGvisor),
                files(request),
                hooks.preparedFor(request.name()));
    }

    private static LaunchPlan.Identity identity(LaunchRequest request) {
        return request.spec()
                .user()
                .map(user -> Identities.resolve(
                        user, request.spec().filesystem().rootfs().orElse(Path.of("/"))))
                .orElseGet(() -> Identities.own(request.name()));
    }

    private ContainerRoot root(LaunchRequest request, boolean usesGvisor) {
        Filesystem filesystem = request.spec().filesystem();
        Security security = request.spec().security();
        ContainerRoot.Base base = filesystem
                .rootfs()
                .<ContainerRoot.Base>map(path -> rootfs(path, request))
                .orElse(hostRoot);
        RootfsLinks links = RootfsLinks.of(filesystem);
        boolean needsProgramRules = !usesGvisor
                && !security.trace()
                && security.landlock().isEmpty()
                && host.landlockAbi() >= Math.max(1, request.posture().landlockAbi());
        return new ContainerRoot(
                base,
                links.place(filesystem),
                needsProgramRules ? ProgramTrees.find(links, links.follow(filesystem)) : List.of());
    }

    private ContainerRoot.Rootfs rootfs(Path path, LaunchRequest request) {
        Optional<String> pin = request.spec().filesystem().rootfsSha256();
        Optional<RootfsAttestation.Result> attested = request.posture().rootfsAttested() || pin.isPresent()
                ? Optional.of(attest(path, pin))
                : Optional.empty();
        return new ContainerRoot.Rootfs(
                path, attested.map(RootfsAttestation.Result::tree).orElseGet(() -> RootfsTree.of(path)), attested);
    }

    private RootfsAttestation.Result attest(Path rootfs, Optional<String> pin) {
        RootfsAttestation.Result result = attestation.verify(rootfs);
        pin.filter(digest -> !digest.equals(result.digest())).ifPresent(digest -> {
            throw new RootfsException("rootfs-sha256: the manifest of " + rootfs + " has the SHA-256 " + result.digest()
                    + ", but " + digest + " is pinned; review what changed, then pin the new digest");
        });
        return result;
    }

    private static Policies policies(Security security, boolean usesGvisor) {
        return new Policies(
                security.trace() && !usesGvisor
                        ? Optional.empty()
                        : Optional.of(SeccompProfiles.of(security.seccomp())),
                usesGvisor ? Optional.empty() : security.landlock().map(LandlockPolicy::read),
                security.capabilityPolicy().map(CapabilityPolicy::read));
    }

    private static HostFiles files(LaunchRequest request) {
        Filesystem filesystem = request.spec().filesystem();
        Map<String, Path> secrets = filesystem.secrets().stream()
                .collect(Collectors.toMap(SecretMount::source, SecretSource::file, (first, _) -> first));
        return new HostFiles(
                secrets,
                filesystem.volumes().stream()
                        .filter(volume -> !volume.named())
                        .map(VolumeMount::source)
                        .filter(source -> Files.isDirectory(Path.of(source)))
                        .collect(Collectors.toSet()),
                filesystem
                        .workspace()
                        .filter(workspace -> !workspace.copied())
                        .map(workspace -> owner(workspace, request.sources())));
    }

    /** The owner of the directory as it was opened; when nothing is launched, its current owner. */
    private static LaunchPlan.Identity owner(WorkspaceMount workspace, LaunchRequest.Sources sources) {
        return sources.workspace()
                .map(directory -> new LaunchPlan.Identity(directory.uid(), directory.gid(), List.of()))
                .orElseGet(() -> owner(workspace.source()));
    }

    private static LaunchPlan.Identity owner(Path directory) {
        try {
            Map<String, Object> attributes = Files.readAttributes(ArgumentText.file(directory), "unix:uid,gid");
            return new LaunchPlan.Identity(
                    (int) Objects.requireNonNull(attributes.get("uid")),
                    (int) Objects.requireNonNull(attributes.get("gid")),
                    List.of());
        } catch (IOException e) {
            throw new InvalidSpecException("workspace: " + directory + " can't be read: " + e.getMessage());
        }
    }
}
