package dev.nucleus;

import dev.nucleus.startup.Preparation;
import dev.nucleus.startup.PreparedStart;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/** The manager: decides everything, does nothing privileged. */
@SpringBootApplication
@ConfigurationPropertiesScan
public class NucleusApplication {

    public static void main(String[] args) {
        if (args.length == 1 && args[0].equals(Preparation.COMMAND)) {
            System.exit(Preparation.run(NucleusApplication.class));
        }
        PreparedStart.replaceThisProcess(NucleusApplication.class);
        SpringApplication.run(NucleusApplication.class, args);
    }
}
