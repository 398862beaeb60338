package dev.nucleus.integration;

import java.util.ArrayList;
import java.util.List;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.mail.MailSender;
import org.springframework.scheduling.TaskScheduler;

/** Creates the configured senders. */
@Configuration(proxyBeanMethods = false)
class NotificationConfiguration {

    @Bean
    Notifications notifications(
            NotificationProperties properties, ObjectProvider<MailSender> mail, TaskScheduler scheduler) {
        List<NotificationSender> senders = new ArrayList<>();
        properties.webhooks().forEach(webhook -> senders.add(new WebhookSender(webhook)));
        if (properties.mail() != null) {
            MailSender sender = mail.getIfAvailable(() -> {
                throw new IllegalStateException("nucleus.notify.mail is set, but spring.mail.host is not");
            });
            senders.add(new MailNotificationSender(sender, properties.mail()));
        }
        if (properties.journal()) {
            senders.add(new JournalSender(JournalSender.SOCKET));
        }
        return new Notifications(senders, properties.lasting(), scheduler);
    }
}
