package io.fedstep.wire;

import jakarta.servlet.ServletException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.tomcat.util.http.MimeHeaders;
import org.jspecify.annotations.Nullable;

/**
 * Takes away what a request says of where it comes from, unless one of the configured proxies sends
 * it; of that it leaves the address that the first of them saw. Whatever reads these fields later
 * finds nothing that a sender made up.
 */
final class ForwardedValve extends ValveBase {
  private static final String FORWARDED = "forwarded";
  private static final String PREFIX = "x-forwarded-";
  private static final List<String> READ =
      List.of("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port");

  private final Proxies proxies;
  private final String address;
  private final String scheme;

  /** Beside the usual fields those of other names, in which a proxy sends address and scheme. */
  ForwardedValve(Proxies proxies, String address, String scheme) {
    super(true);
    this.proxies = proxies;
    this.address = address.toLowerCase(Locale.ROOT);
    this.scheme = scheme.toLowerCase(Locale.ROOT);
  }

  @Override
  public void invoke(Request request, Response response) throws IOException, ServletException {
    if (HeaderValve.hasHead(response)) {
      keepBelieved(request);
    }
    getNext().invoke(request, response);
  }

  private void keepBelieved(Request request) {
    MimeHeaders fields = request.getCoyoteRequest().getMimeHeaders();
    boolean byProxy = proxies.has(request.getPeerAddr());
    var removed = new TreeSet<String>();
    for (int i = 0; i < fields.size(); i++) {
      String name = fields.getName(i).toString().toLowerCase(Locale.ROOT);
      if (isForwarding(name) && !(byProxy && isRead(name))) {
        removed.add(name);
      }
    }
    removed.forEach(fields::removeHeader);
    if (byProxy) {
      believe(fields);
    }
  }

  private boolean isForwarding(String name) {
    return name.startsWith(PREFIX)
        || name.equals(FORWARDED)
        || name.equals(address)
        || name.equals(scheme);
  }

  private boolean isRead(String name) {
    return READ.contains(name) || name.equals(address) || name.equals(scheme);
  }

  /** Leaves the last address that is no proxy's: those before it are what the sender wrote. */
  private void believe(MimeHeaders fields) {
    List<String> values = Collections.list(fields.values(address));
    if (values.isEmpty()) {
      return;
    }
    fields.removeHeader(address);
    String believed = lastStranger(values);
    if (believed != null) {
      fields.addValue(address).setString(believed);
    }
  }

  private @Nullable String lastStranger(List<String> values) {
    var hops = new ArrayList<String>();
    for (String value : values) {
      hops.addAll(List.of(value.split(",", -1)));
    }
    String first = null;
    for (String hop : hops.reversed()) {
      if (!Proxies.isAddress(hop.strip())) {
        break;
      }
      first = hop.strip();
      if (!proxies.has(first)) {
        break;
      }
    }
    return first;
  }
}
