package dev.nucleus;

import dev.nucleus.cli.LocalCommands;
import dev.nucleus.kernel.ProcessorShare;
import dev.nucleus.startup.JarPreparation;
import dev.nucleus.startup.PreparedStart;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.actuate.autoconfigure.audit.AuditAutoConfiguration;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/** The manager: makes all decisions, and does nothing privileged. */
// Without Spring Security, Boot 4.1 fails to create its authentication listener (AuditConfiguration creates the rest).
@SpringBootApplication(exclude = AuditAutoConfiguration.class)
@ConfigurationPropertiesScan
public class NucleusApplication {

    /**
     * Carrier threads of virtual threads. A virtual thread that waits for a lock while it loads a class pins its
     * carrier (JEP 491); with only one carrier per processor, all could wait for a thread that holds the lock of a jar
     * and has no carrier to continue on.
     */
    private static final int CARRIERS = 32;

    public static void main(String[] args) {
        allowCarriers();
        if (args.length == 1 && args[0].equals(JarPreparation.COMMAND)) {
            System.exit(JarPreparation.run(NucleusApplication.class));
        }
        LocalCommands.run(args).ifPresent(System::exit);
        PreparedStart.replaceThisProcess(NucleusApplication.class);
        ProcessorShare.raise();
        SpringApplication.run(NucleusApplication.class, args);
    }

    /** Sets the number of carriers before the first virtual thread starts, unless the operator has set it. */
    private static void allowCarriers() {
        String name = "jdk.virtualThreadScheduler.parallelism";
        if (System.getProperty(name) == null) {
            System.setProperty(
                    name,
                    Integer.toString(Math.max(CARRIERS, Runtime.getRuntime().availableProcessors())));
        }
    }
}
