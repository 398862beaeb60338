package dev.nucleus.audit;

import org.springframework.boot.actuate.audit.AuditEventRepository;
import org.springframework.boot.actuate.audit.listener.AuditListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Adds the audit events of other parts of Spring to the same trail. */
@Configuration(proxyBeanMethods = false)
class AuditConfiguration {

    @Bean
    AuditListener auditListener(AuditEventRepository repository) {
        return new AuditListener(repository);
    }
}
