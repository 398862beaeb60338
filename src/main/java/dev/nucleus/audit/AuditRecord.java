package dev.nucleus.audit;

import dev.nucleus.text.VisibleText;
import java.time.Instant;

/**
 * One thing that was done or seen.
 *
 * @param principal who did it; nucleus: the manager by itself
 * @param containerId empty: it is about none
 * @param error whether it is a failure
 * @param posture the mode of the container; empty: it is about none
 */
public record AuditRecord(
        Instant at,
        AuditKind kind,
        String principal,
        String containerId,
        String containerName,
        String detail,
        boolean error,
        String posture) {

    /** Who acts when nobody asked. */
    public static final String ITSELF = "nucleus";

    static AuditRecord about(AuditKind kind, String id, String name, String detail, boolean error, String posture) {
        return new AuditRecord(Instant.now(), kind, ITSELF, id, name, VisibleText.line(detail), error, posture);
    }

    static AuditRecord of(AuditKind kind, String principal, String detail, boolean error) {
        return new AuditRecord(Instant.now(), kind, principal, "", "", VisibleText.line(detail), error, "");
    }
}
