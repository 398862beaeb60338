package dev.nucleus.cli;

import dev.nucleus.diagnosis.Finding;
import dev.nucleus.diagnosis.HostDiagnosis;
import dev.nucleus.text.VisibleText;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus doctor}. */
@CommandLine.Command(
        name = "doctor",
        description =
                "Check what this host has of what containers need, and say how to change the rest. Exits with 1 if"
                        + " something prevents containers from running.")
final class DoctorCommand implements Callable<Integer> {

    private final HostDiagnosis diagnosis;
    private final Session session;

    DoctorCommand(HostDiagnosis diagnosis, Session session) {
        this.diagnosis = diagnosis;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        List<Finding> findings = diagnosis.findings();
        for (Finding finding : findings) {
            String severity = finding.severity().name().toLowerCase(Locale.ROOT);
            session.print("%-8s %s: %s".formatted(severity, finding.subject(), VisibleText.line(finding.state())));
            if (finding.severity() != Finding.Severity.OK) {
                session.print("         consequence: " + finding.cost());
                session.print("         to change it: " + VisibleText.line(finding.remedy()));
            }
        }
        return findings.stream().anyMatch(finding -> finding.severity() == Finding.Severity.ERROR) ? 1 : 0;
    }
}
