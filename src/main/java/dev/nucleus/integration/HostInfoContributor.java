package dev.nucleus.integration;

import dev.nucleus.kernel.HostFeatures;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.actuate.info.InfoContributor;
import org.springframework.stereotype.Component;

/** Reports the isolation features that this host has and lacks at {@code /actuator/info}. */
@Component
final class HostInfoContributor implements InfoContributor {

    private static final int NETWORK_ABI = 4;
    private static final int SCOPING_ABI = 6;
    private static final int AUDIT_ABI = 7;

    private final HostFeatures host;

    HostInfoContributor(HostFeatures host) {
        this.host = host;
    }

    @Override
    public void contribute(Info.Builder builder) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("kernel", host.release());
        facts.put("landlockAbi", host.landlockAbi());
        facts.put("lockdown", host.lockdown());
        facts.put("cgroups", cgroups());
        facts.put("root", host.identity().root());
        facts.put("missing", missing());
        builder.withDetail("host", facts);
    }

    private String cgroups() {
        if (host.cgroups().limitsAreUnified()) {
            return host.cgroups().delegated() ? "version 2, delegated" : "version 2";
        }
        return host.cgroups().legacy().isEmpty() ? "none" : "version 1";
    }

    private List<String> missing() {
        var missing = new ArrayList<String>();
        if (host.landlockAbi() == 0) {
            missing.add("Landlock");
        } else if (host.landlockAbi() < NETWORK_ABI) {
            missing.add("Landlock rules for TCP ports (ABI 4)");
        }
        if (host.landlockAbi() < SCOPING_ABI) {
            missing.add("Landlock scoping of signals and abstract sockets (ABI 6)");
        }
        if (host.landlockAbi() < AUDIT_ABI) {
            missing.add("Landlock audit records of denials (ABI 7)");
        }
        if (!host.identity().root() && !host.cgroups().delegated()) {
            missing.add("control groups: none was delegated to this user");
        }
        if (!host.cgroups().limitsAreUnified()) {
            missing.add("control groups of version 2: no pressure figures, no kill of a whole group");
        }
        return missing;
    }
}
