package dev.nucleus.telemetry;

import io.micrometer.tracing.Tracer;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.opentelemetry.sdk.trace.samplers.SamplingResult;
import java.util.List;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.micrometer.tracing.autoconfigure.TracingProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Traces, where a collector is configured. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty("management.opentelemetry.tracing.export.otlp.endpoint")
class TracingConfiguration {

    @Bean
    LaunchTraces launchTraces(Tracer tracer) {
        return new LaunchTraces(tracer);
    }

    /** Every launch; of what else Spring traces, such as requests, the part that is configured for that. */
    @Bean
    Sampler sampler(TracingProperties properties) {
        Sampler others = Sampler.traceIdRatioBased(properties.getSampling().getProbability());
        return Sampler.parentBased(new LaunchSampler(others));
    }

    @Bean
    static BeanPostProcessor toldExporters() {
        return new BeanPostProcessor() {
            @Override
            public Object postProcessAfterInitialization(Object bean, String name) {
                return bean instanceof SpanExporter exporter ? new OutageLoggingExporter(exporter) : bean;
            }
        };
    }

    private record LaunchSampler(Sampler others) implements Sampler {

        @Override
        public SamplingResult shouldSample(
                Context parent, String trace, String name, SpanKind kind, Attributes attributes, List<LinkData> links) {
            return name.equals(LaunchTraces.LAUNCH)
                    ? SamplingResult.recordAndSample()
                    : others.shouldSample(parent, trace, name, kind, attributes, links);
        }

        @Override
        public String getDescription() {
            return "every launch, else " + others.getDescription();
        }
    }
}
