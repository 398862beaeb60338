package dev.nucleus.integration;

import dev.nucleus.diagnosis.Finding;
import dev.nucleus.diagnosis.HostDiagnosis;
import dev.nucleus.kernel.HostFeatures;
import java.util.LinkedHashMap;
import java.util.List;
import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.actuate.info.InfoContributor;
import org.springframework.stereotype.Component;

/** Reports the isolation features that this host has and lacks at {@code /actuator/info}. */
@Component
final class HostInfoContributor implements InfoContributor {

    private final HostFeatures host;
    private final HostDiagnosis diagnosis;

    HostInfoContributor(HostFeatures host, HostDiagnosis diagnosis) {
        this.host = host;
        this.diagnosis = diagnosis;
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
        return diagnosis.kernelFindings().stream()
                .filter(finding -> finding.severity() != Finding.Severity.OK)
                .map(finding -> finding.subject() + ": " + finding.state() + "; " + finding.cost())
                .toList();
    }
}
