package dev.nucleus.telemetry;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What is measured besides the usual.
 *
 * @param cadvisorNames whether containers' figures are there by cAdvisor's names as well, for boards made for those
 */
@ConfigurationProperties("nucleus.metrics")
record MetricsProperties(@DefaultValue("false") boolean cadvisorNames) {}
