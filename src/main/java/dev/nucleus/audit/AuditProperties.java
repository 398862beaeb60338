package dev.nucleus.audit;

import dev.nucleus.spec.Durations;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * How much of the audit trail is kept.
 *
 * @param keep how long a file is kept after its last line
 * @param fileSize size of a file, after which the next begins
 */
@ConfigurationProperties("nucleus.audit")
record AuditProperties(
        @DefaultValue("365d") Duration keep,
        @DefaultValue("64MB") DataSize fileSize) {

    AuditProperties {
        Durations.requireCountable("nucleus.audit.keep", keep);
    }
}
