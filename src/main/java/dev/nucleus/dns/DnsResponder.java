package dev.nucleus.dns;

import dev.nucleus.network.Networks;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.PTRRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.ReverseMap;
import org.xbill.DNS.Section;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/** Answers queries from a {@link NameTable} (RFC 1035), or leaves them to an upstream resolver. */
final class DnsResponder {

    /** Seconds that an answer may be kept: replicas come and go. */
    private static final int TTL = 1;

    private DnsResponder() {}

    /** The reaction to a query. */
    sealed interface Reply {

        record Answer(Message message) implements Reply {}

        /** A name that is not of a network: for the host's resolvers. */
        record Forward() implements Reply {}

        /** A response, or too short to answer. */
        record Ignore() implements Reply {}
    }

    static Reply to(byte[] bytes, InetAddress client, NameTable table) {
        Message query;
        try {
            query = new Message(bytes);
        } catch (IOException e) {
            return bytes.length >= 12 ? new Reply.Answer(malformed(bytes)) : new Reply.Ignore();
        }
        if (query.getHeader().getFlag(Flags.QR)) {
            return new Reply.Ignore();
        }
        Record question = query.getQuestion();
        if (!table.knows(client)) {
            return new Reply.Answer(response(query, Rcode.REFUSED));
        }
        if (query.getHeader().getOpcode() != Opcode.QUERY) {
            return new Reply.Answer(response(query, Rcode.NOTIMP));
        }
        if (question == null || query.getHeader().getCount(Section.QUESTION) != 1) {
            return new Reply.Answer(response(query, Rcode.FORMERR));
        }
        return answer(query, question, client, table);
    }

    private static Reply answer(Message query, Record question, InetAddress client, NameTable table) {
        Name asked = question.getName();
        String name = asked.toString(true).toLowerCase(Locale.ROOT);
        if (question.getDClass() != DClass.IN) {
            return new Reply.Answer(response(query, Rcode.REFUSED));
        }
        Optional<Set<InetAddress>> found = table.resolve(client, name);
        if (found.isPresent()) {
            return new Reply.Answer(withAddresses(response(query, Rcode.NOERROR), question, found.get()));
        }
        if (question.getType() == Type.PTR) {
            Optional<String> reverse = address(asked).flatMap(address -> table.nameOf(client, address));
            if (reverse.isPresent()) {
                return new Reply.Answer(withName(response(query, Rcode.NOERROR), asked, reverse.get()));
            }
            if (address(asked).filter(table::knows).isPresent()) {
                return new Reply.Answer(response(query, Rcode.NXDOMAIN));
            }
        }
        // Names of one word, and those of our own domain, mean nothing to others.
        boolean ours = asked.labels() <= 2 || name.endsWith("." + Networks.DOMAIN) || name.equals(Networks.DOMAIN);
        if (ours) {
            return new Reply.Answer(response(query, Rcode.NXDOMAIN));
        }
        return table.resolvesExternalNames(client)
                ? new Reply.Forward()
                : new Reply.Answer(response(query, Rcode.REFUSED));
    }

    private static Optional<InetAddress> address(Name reverse) {
        try {
            return Optional.of(ReverseMap.fromName(reverse));
        } catch (UnknownHostException e) {
            return Optional.empty();
        }
    }

    private static Message withAddresses(Message response, Record question, Set<InetAddress> addresses) {
        int type = question.getType();
        for (InetAddress address : addresses) {
            boolean ipv4 = address instanceof Inet4Address;
            if (ipv4 && (type == Type.A || type == Type.ANY)) {
                response.addRecord(new ARecord(question.getName(), DClass.IN, TTL, address), Section.ANSWER);
            } else if (!ipv4 && (type == Type.AAAA || type == Type.ANY)) {
                response.addRecord(new AAAARecord(question.getName(), DClass.IN, TTL, address), Section.ANSWER);
            }
        }
        return response;
    }

    private static Message withName(Message response, Name asked, String name) {
        try {
            response.addRecord(new PTRRecord(asked, DClass.IN, TTL, Name.fromString(name + ".")), Section.ANSWER);
            return response;
        } catch (TextParseException e) {
            throw new IllegalArgumentException(name, e);
        }
    }

    static Message response(Message query, int code) {
        var response = new Message(query.getHeader().getID());
        response.getHeader().setFlag(Flags.QR);
        response.getHeader().setFlag(Flags.RA);
        if (code == Rcode.NOERROR || code == Rcode.NXDOMAIN) {
            response.getHeader().setFlag(Flags.AA);
        }
        if (query.getHeader().getFlag(Flags.RD)) {
            response.getHeader().setFlag(Flags.RD);
        }
        response.getHeader().setOpcode(query.getHeader().getOpcode());
        response.getHeader().setRcode(code);
        if (query.getQuestion() != null) {
            response.addRecord(query.getQuestion(), Section.QUESTION);
        }
        return response;
    }

    private static Message malformed(byte[] query) {
        var response = new Message((query[0] & 0xff) << 8 | query[1] & 0xff);
        response.getHeader().setFlag(Flags.QR);
        response.getHeader().setRcode(Rcode.FORMERR);
        return response;
    }
}
