package dev.nucleus.diagnosis;

import dev.nucleus.kernel.HostFeatures;
import dev.nucleus.network.HostNetworkProblem;
import dev.nucleus.network.NetworkQueries;
import dev.nucleus.preparation.Gvisor;
import java.util.ArrayList;
import java.util.List;
import org.springframework.stereotype.Component;

/** Checks the host, each time anew. */
@Component
public final class HostDiagnosis {

    private static final int NETWORK_ABI = 4;
    private static final int SCOPING_ABI = 6;
    private static final int AUDIT_ABI = 7;

    private final HostFeatures host;
    private final NetworkQueries networks;

    HostDiagnosis(HostFeatures host, NetworkQueries networks) {
        this.host = host;
        this.networks = networks;
    }

    /** All findings, those of the kernel first. */
    public List<Finding> findings() {
        var findings = new ArrayList<>(kernelFindings());
        findings.addAll(network());
        return findings;
    }

    /** Findings about what the kernel offers and the manager may do. */
    public List<Finding> kernelFindings() {
        var findings = new ArrayList<Finding>();
        findings.add(Finding.ok("kernel", host.release()));
        findings.add(privileges());
        findings.add(landlock());
        findings.add(cgroups());
        findings.add(lockdown());
        findings.add(gvisor());
        return findings;
    }

    private Finding privileges() {
        return host.identity().root()
                ? Finding.ok("privileges", "the manager runs as root")
                : Finding.warning(
                        "privileges",
                        "the manager runs as user " + host.identity().uid(),
                        "no networks, no gVisor, no time namespaces; limits only if control groups are delegated",
                        "run the manager as root: its containers have user namespaces and capabilities of their own");
    }

    private Finding landlock() {
        int abi = host.landlockAbi();
        String state = "ABI " + abi;
        if (abi == 0) {
            return Finding.error(
                    "Landlock",
                    "missing",
                    "containers in strict-agent and production mode are refused; others have one layer less",
                    "add landlock to the kernel's lsm= parameter, or boot a kernel with CONFIG_SECURITY_LANDLOCK");
        }
        if (abi < NETWORK_ABI) {
            return Finding.warning(
                    "Landlock", state, "no rules for TCP ports (ABI 4)", "boot a kernel of version 6.7 or later");
        }
        if (abi < SCOPING_ABI) {
            return Finding.warning(
                    "Landlock",
                    state,
                    "no scoping of signals and abstract sockets (ABI 6)",
                    "boot a kernel of version 6.12 or later");
        }
        return abi < AUDIT_ABI
                ? Finding.warning(
                        "Landlock",
                        state,
                        "denials by Landlock are not listed (ABI 7)",
                        "boot a kernel of version 6.15 or later")
                : Finding.ok("Landlock", state);
    }

    private Finding cgroups() {
        if (host.cgroups().limitsAreUnified()) {
            return host.identity().root() || host.cgroups().delegated()
                    ? Finding.ok("control groups", "version 2")
                    : Finding.error(
                            "control groups",
                            "version 2, but none is delegated to this user",
                            "containers have no limits",
                            "run the manager as a systemd service with Delegate=yes");
        }
        return host.cgroups().legacy().isEmpty()
                ? Finding.error(
                        "control groups", "none", "containers have no limits", "mount -t cgroup2 none /sys/fs/cgroup")
                : Finding.warning(
                        "control groups",
                        "version 1",
                        "no pressure figures, and no kill of a whole group",
                        "boot with systemd.unified_cgroup_hierarchy=1");
    }

    private Finding lockdown() {
        return Finding.ok("kernel lockdown", host.lockdown());
    }

    private static Finding gvisor() {
        return Gvisor.find()
                .map(program -> Finding.ok("gVisor", program.toString()))
                .orElseGet(() -> Finding.warning(
                        "gVisor",
                        "no runsc that only root could have installed",
                        "runtime: gvisor and trust: untrusted are refused",
                        "apt-get install runsc"));
    }

    private List<Finding> network() {
        if (!host.identity().root()) {
            return List.of();
        }
        List<HostNetworkProblem> problems = networks.problems();
        return problems.isEmpty()
                ? List.of(Finding.ok("network", "nf_tables, forwarding and firewalls let containers through"))
                : problems.stream()
                        .map(problem -> problem.prevents()
                                ? Finding.error("network", problem.state(), problem.cost(), problem.remedy())
                                : Finding.warning("network", problem.state(), problem.cost(), problem.remedy()))
                        .toList();
    }
}
