package dev.nucleus;

import dev.nucleus.kernel.ProcessorShare;
import dev.nucleus.startup.Preparation;
import dev.nucleus.startup.PreparedStart;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.actuate.autoconfigure.audit.AuditAutoConfiguration;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/** The manager: decides everything, does nothing privileged. */
// Without Spring Security, Boot 4.1 fails to make its listener for sign-ins (AuditConfiguration makes what is left).
@SpringBootApplication(exclude = AuditAutoConfiguration.class)
@ConfigurationPropertiesScan
public class NucleusApplication {

    public static void main(String[] args) {
        if (args.length == 1 && args[0].equals(Preparation.COMMAND)) {
            System.exit(Preparation.run(NucleusApplication.class));
        }
        PreparedStart.replaceThisProcess(NucleusApplication.class);
        ProcessorShare.raise();
        SpringApplication.run(NucleusApplication.class, args);
    }
}
