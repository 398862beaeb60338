package dev.nucleus.telemetry;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Additional metrics.
 *
 * @param cadvisorNames whether containers' metrics have cAdvisor's names as well, for dashboards made for those
 */
@ConfigurationProperties("nucleus.metrics")
record MetricsProperties(@DefaultValue("false") boolean cadvisorNames) {}
