package io.fedstep.codec;

import io.fedstep.privacy.Ledger;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** A ledger as a document. */
public final class LedgerCodec {
  private LedgerCodec() {}

  /** The ledger as JSON. */
  public static ObjectNode write(Ledger ledger) {
    ObjectNode json = Json.object().put("rounds", ledger.rounds());
    json.put("everybody", ledger.everybody());
    ObjectNode clients = json.putObject("clients");
    ledger.clients().forEach(clients::put);
    return json;
  }

  /** A ledger that {@link #write} wrote. */
  public static Ledger read(ObjectNode json) {
    var clients = new TreeMap<String, Long>();
    for (Map.Entry<String, JsonNode> client : json.required("clients").properties()) {
      clients.put(client.getKey(), client.getValue().longValue());
    }
    JsonNode everybody = json.required("everybody");
    return new Ledger(
        json.required("rounds").longValue(),
        clients,
        everybody.isNull() ? null : everybody.longValue());
  }
}
