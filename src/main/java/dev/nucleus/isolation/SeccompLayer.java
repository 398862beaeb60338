package dev.nucleus.isolation;

import dev.nucleus.kernel.SeccompCompiler;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.LaunchPlan.Seccomp.Denied;
import dev.nucleus.plan.RootfsStep;
import dev.nucleus.policy.PolicyViolationException;
import dev.nucleus.policy.SeccompProfile;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.ContextMount;
import dev.nucleus.spec.Filesystem;
import dev.nucleus.spec.Network;
import dev.nucleus.spec.PolicySource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * System-call filters; each profile is compiled once. The shim is notified of calls that a filter doesn't allow, and
 * refuses them.
 */
@Component
@Order(70)
final class SeccompLayer implements Layer {

    private static final Logger log = LoggerFactory.getLogger(SeccompLayer.class);
    private static final String LAYER = "seccomp";

    /**
     * Calls that a process makes after installing its filter and before its program runs, when no listener answers yet.
     */
    private static final List<String> STARTUP_CALLS = List.of("write", "execve", "exit_group");
    /**
     * Calls that are not traced: the launch report, which announces the listener, the exit, and the return from a
     * signal handler. A call that waits for the listener ends with EINTR when another signal comes, and a program
     * cannot survive that in {@code rt_sigreturn}.
     */
    private static final List<String> UNTRACED_CALLS =
            List.of("write", "exit", "exit_group", "rt_sigreturn", "restart_syscall");

    private static final int PR_SET_SECCOMP = 22;

    private final SeccompCompiler compiler;
    private final Map<Variant, CompiledProfile> compiled = new ConcurrentHashMap<>();
    private final LaunchPlan.Seccomp trace;

    /** Determines the adapted profile and its program. The name of a profile from a file contains the file's hash. */
    private record Variant(String profile, boolean network, boolean setIdFiles, boolean usesGvisor) {}

    /**
     * A profile as adapted to a container, and its program.
     *
     * @param calls number of system calls that it allows, with or without conditions on their arguments
     */
    private record CompiledProfile(SeccompProfile profile, LaunchPlan.Seccomp program, long calls) {}

    SeccompLayer(SeccompCompiler compiler) {
        this.compiler = compiler;
        List<SeccompCompiler.Rule> rules = UNTRACED_CALLS.stream()
                .map(name -> new SeccompCompiler.Rule(name, OptionalInt.empty(), List.of()))
                .toList();
        this.trace = new LaunchPlan.Seccomp("trace", compiler.compile(OptionalInt.empty(), rules), Denied.TRACED, 0);
    }

    @Override
    public void contribute(PreparedLaunch launch, LaunchPlan.Builder plan) {
        if (launch.spec().security().trace()) {
            plan.seccomp(trace)
                    .can(
                            LAYER,
                            "make every system call; each is recorded, except write, exit and the return from a signal handler",
                            "trace: true");
            return;
        }
        CompiledProfile adapted =
                compiled(launch.policies().seccomp().orElseThrow(), launch.spec(), launch.usesGvisor());
        SeccompProfile profile = adapted.profile();
        LaunchPlan.Seccomp program = adapted.program();
        plan.seccomp(program);
        if (canReachPersistentFiles(launch.spec())) {
            plan.cannot(
                    LAYER,
                    "set the set-user-ID or set-group-ID bit of any file",
                    "files on the host, its own or received from another container, outlive it");
        }
        if (launch.usesGvisor()) {
            plan.rootfs(withFilter(plan.rootfs(), program.program()));
            plan.cannot(LAYER, "make calls to gVisor's kernel that it doesn't need", "profile " + profile.name());
            return;
        }
        explain(adapted, plan);
    }

    /** Adds the filter for processes run beside the workload: gVisor's own exec does not apply the profile. */
    private static LaunchPlan.Rootfs withFilter(LaunchPlan.Rootfs root, byte[] program) {
        var steps = new ArrayList<RootfsStep>();
        for (RootfsStep step : root.steps()) {
            steps.add(step);
            if (step instanceof RootfsStep.Self) {
                steps.add(new RootfsStep.File(OciBundle.FILTER, 0444, 0, 0, program));
            }
        }
        return new LaunchPlan.Rootfs(root.options(), List.copyOf(steps), root.audited(), root.writable());
    }

    /** The compiled program of a container's profile, on the host's kernel. */
    LaunchPlan.Seccomp program(SeccompProfile base, ContainerSpec spec) {
        return compiled(base, spec, false).program();
    }

    private CompiledProfile compiled(SeccompProfile base, ContainerSpec spec, boolean usesGvisor) {
        var variant = new Variant(base.name(), needsNetwork(spec), !canReachPersistentFiles(spec), usesGvisor);
        CompiledProfile known = compiled.get(variant);
        if (known == null) {
            SeccompProfile profile = adapted(base, spec, usesGvisor);
            known = new CompiledProfile(
                    profile, compile(profile, !usesGvisor && !allowsFilters(profile)), calls(profile));
            compiled.put(variant, known);
        }
        return known;
    }

    /**
     * The profile as adapted to the container.
     *
     * @param usesGvisor whether gVisor runs the container; its kernel then enforces the limits
     */
    static SeccompProfile adapted(SeccompProfile base, ContainerSpec spec, boolean usesGvisor) {
        SeccompProfile profile = needsNetwork(spec) ? base.withNetwork() : base;
        if (!usesGvisor) {
            profile = profile.withFixedCoreLimit();
        }
        return canReachPersistentFiles(spec) ? profile.withoutSetIdFiles() : profile;
    }

    /** Network calls are added to built-in profiles only, never to a user's file. */
    private static boolean needsNetwork(ContainerSpec spec) {
        return spec.network() != Network.NONE && spec.security().seccomp() instanceof PolicySource.Named;
    }

    /**
     * Whether the container can get hold of a file that stays on the host: its own, or an open one received from
     * another container through a socket in a host directory (even a read-only one) or on a shared network. A
     * descriptor's rights depend on the mount that it was opened on (unix(7), SCM_RIGHTS).
     */
    static boolean canReachPersistentFiles(ContainerSpec spec) {
        Filesystem files = spec.filesystem();
        return !files.volumes().isEmpty()
                || files.workspace().isPresent()
                || files.context()
                        .filter(context -> context.mode() != ContextMount.Mode.COPY)
                        .isPresent()
                || spec.network() == Network.HOST;
    }

    private static long calls(SeccompProfile profile) {
        return profile.rules().stream()
                .filter(rule -> rule.errno().isEmpty())
                .flatMap(rule -> rule.names().stream())
                .distinct()
                .count();
    }

    private static void explain(CompiledProfile adapted, LaunchPlan.Builder plan) {
        SeccompProfile profile = adapted.profile();
        String because = "profile " + profile.name();
        plan.can(LAYER, "make " + adapted.calls() + " of the kernel's system calls", because);
        plan.cannot(
                LAYER,
                "make any other system call, or a 32-bit or x32 one",
                because
                        + (adapted.program().denied() == Denied.REPORTED
                                ? "; attempts are counted: nucleus denials"
                                : "; attempts are not counted, because it allows the container's own filters"));
        profile.warnings()
                .forEach(warning -> plan.cannot(LAYER, "use its profile as written", because + " " + warning));
    }

    /** @param reported whether the shim is notified of refused calls; gVisor has no listeners */
    private LaunchPlan.Seccomp compile(SeccompProfile profile, boolean reported) {
        refuseUnusable(profile);
        profile.warnings().forEach(warning -> log.warn("seccomp profile {} {}", profile.name(), warning));
        var rules = new ArrayList<SeccompCompiler.Rule>();
        for (SeccompProfile.Rule rule : profile.rules()) {
            List<SeccompCompiler.Comparison> comparisons = rule.conditions().stream()
                    .map(c -> new SeccompCompiler.Comparison(
                            c.index(), c.operator().number(), c.value(), c.expected()))
                    .toList();
            rule.names().forEach(name -> rules.add(new SeccompCompiler.Rule(name, rule.errno(), comparisons)));
        }
        OptionalInt fallback = reported ? OptionalInt.empty() : OptionalInt.of(profile.defaultErrno());
        return new LaunchPlan.Seccomp(
                profile.name(),
                compiler.compile(fallback, rules),
                reported ? Denied.REPORTED : Denied.REFUSED,
                profile.defaultErrno());
    }

    private void refuseUnusable(SeccompProfile profile) {
        var refusals = new ArrayList<String>();
        List<String> unknown = compiler.unknown(
                profile.rules().stream().flatMap(rule -> rule.names().stream()).collect(Collectors.toSet()));
        if (!unknown.isEmpty()) {
            refusals.add("seccomp: profile " + profile.name() + " names unknown system calls: "
                    + String.join(", ", unknown));
        }
        List<String> missing =
                STARTUP_CALLS.stream().filter(name -> !profile.allows(name)).toList();
        if (!missing.isEmpty()) {
            refusals.add("seccomp: profile " + profile.name() + " doesn't allow " + String.join(", ", missing)
                    + ", without which no command can be started");
        }
        if (!refusals.isEmpty()) {
            throw new PolicyViolationException(refusals);
        }
    }

    /**
     * Whether the container may install filters of its own. One with a listener could let a call continue that this
     * filter reports, as soon as the shim's listener is gone (seccomp_unotify(2)). A call that is refused without a
     * report can't be allowed by another filter.
     */
    private static boolean allowsFilters(SeccompProfile profile) {
        return profile.rules().stream()
                .filter(rule -> rule.errno().isEmpty())
                .anyMatch(rule -> rule.names().contains("seccomp")
                        || rule.names().contains("prctl")
                                && rule.conditions().stream()
                                        .filter(condition -> condition.index() == 0)
                                        .allMatch(condition -> condition.holds(PR_SET_SECCOMP)));
    }
}
