package dev.nucleus.audit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AuditRecordTest {

    @Test
    void untrustedTextIsEscapedToOneLine() {
        assertThat(AuditRecord.of(AuditKind.COMMAND, "root", "nucleus run\n-- \u001b[2J", false)
                        .detail())
                .isEqualTo("nucleus run -- \\x1b[2J");
        assertThat(AuditRecord.about(AuditKind.CONTAINER_EXEC, "id", "name", "/bin/\u202ehs", false, "agent")
                        .detail())
                .isEqualTo("/bin/\\u202ehs");
    }
}
