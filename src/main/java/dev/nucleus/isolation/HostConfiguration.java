package dev.nucleus.isolation;

import dev.nucleus.kernel.HostFeatures;
import dev.nucleus.kernel.SeccompCompiler;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Detects the host's features once. */
@Configuration(proxyBeanMethods = false)
class HostConfiguration {

    @Bean
    HostFeatures hostFeatures() {
        return HostFeatures.probe();
    }

    @Bean
    SeccompCompiler seccompCompiler() {
        return SeccompCompiler.load();
    }
}
