package dev.nucleus.audit;

import dev.nucleus.text.VisibleText;
import java.time.Instant;

/**
 * A recorded action or observation.
 *
 * @param principal the user who acted; nucleus: the manager itself
 * @param containerId empty: it concerns no container
 * @param error whether it is a failure
 * @param posture the mode of the container; empty: unknown, or it concerns no container
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

    /** The principal of the manager's own actions. */
    public static final String ITSELF = "nucleus";

    static AuditRecord about(AuditKind kind, String id, String name, String detail, boolean error, String posture) {
        return new AuditRecord(Instant.now(), kind, ITSELF, id, name, VisibleText.line(detail), error, posture);
    }

    static AuditRecord of(AuditKind kind, String principal, String detail, boolean error) {
        return new AuditRecord(Instant.now(), kind, principal, "", "", VisibleText.line(detail), error, "");
    }
}
