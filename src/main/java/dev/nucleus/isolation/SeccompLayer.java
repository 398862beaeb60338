package dev.nucleus.isolation;

import dev.nucleus.kernel.SeccompCompiler;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.policy.SeccompProfile;
import dev.nucleus.policy.SeccompProfiles;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/** System-call filters; each profile is compiled once. */
@Component
@Order(70)
final class SeccompLayer implements Layer {

    private final SeccompCompiler compiler;
    private final Map<String, byte[]> compiled = new ConcurrentHashMap<>();

    SeccompLayer(SeccompCompiler compiler) {
        this.compiler = compiler;
    }

    @Override
    public void contribute(LaunchRequest request, LaunchPlan.Builder plan) {
        SeccompProfile profile = SeccompProfiles.named(request.spec().seccomp());
        byte[] program = compiled.computeIfAbsent(profile.name(), name -> compile(profile));
        long calls = profile.rules().stream()
                .filter(rule -> rule.errno().isEmpty())
                .flatMap(rule -> rule.names().stream())
                .distinct()
                .count();
        plan.seccomp(new LaunchPlan.Seccomp(profile.name(), program));
        plan.can("seccomp", "make " + calls + " of the kernel's system calls", "profile " + profile.name());
        plan.cannot(
                "seccomp",
                "mount, trace, load modules, use BPF, io_uring or make namespaces",
                "profile " + profile.name() + " refuses all it doesn't name; so are 32-bit and x32 calls");
    }

    private byte[] compile(SeccompProfile profile) {
        var rules = new ArrayList<SeccompCompiler.Rule>();
        for (SeccompProfile.Rule rule : profile.rules()) {
            List<SeccompCompiler.Comparison> comparisons = rule.conditions().stream()
                    .map(c -> new SeccompCompiler.Comparison(
                            c.index(), c.operator().number(), c.value(), c.expected()))
                    .toList();
            rule.names()
                    .forEach(name -> rules.add(
                            new SeccompCompiler.Rule(name, rule.errno().orElse(0), comparisons)));
        }
        return compiler.compile(profile.defaultErrno(), rules);
    }
}
