package io.fedstep.codec;

import io.fedstep.privacy.Ledger;
import io.fedstep.privacy.Standing;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What a version of a private model carries along, as a document. */
public final class LedgerCodec {
  private LedgerCodec() {}

  /** The ledger as JSON, with the clip norm where it is not the spec's. */
  public static ObjectNode write(Standing standing) {
    ObjectNode json = write(standing.ledger());
    return standing.clip() == null ? json : json.put("clip_norm", standing.clip());
  }

  /** What {@link #write} wrote. */
  public static Standing read(ObjectNode json) {
    JsonNode clip = json.get("clip_norm");
    return new Standing(ledger(json), clip == null ? null : (Double) clip.doubleValue());
  }

  private static ObjectNode write(Ledger ledger) {
    ObjectNode json = Json.object().put("rounds", ledger.rounds());
    json.put("everybody", ledger.everybody());
    ObjectNode clients = json.putObject("clients");
    ledger.clients().forEach(clients::put);
    return json;
  }

  private static Ledger ledger(ObjectNode json) {
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
