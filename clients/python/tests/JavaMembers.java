import io.fedstep.client.Fedstep;
import io.fedstep.client.Identity;
import io.fedstep.client.Participation;
import io.fedstep.client.RemoteModel;
import io.fedstep.client.Update;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Members of a secure model's rounds, by the Java client.
 *
 * <p>Arguments: the server, the model, its dtype, how many values it has, how many rounds, a folder
 * of keys and {@code public.txt}, or {@code -}, and what each client is called with its place.
 */
class JavaMembers {
  public static void main(String[] arguments) throws Exception {
    List<String> given = List.of(arguments);
    int size = Integer.parseInt(given.get(3));
    var keys = new HashMap<String, String>();
    Path folder = Path.of(given.get(5));
    if (!given.get(5).equals("-")) {
      for (String line : Files.readAllLines(folder.resolve("public.txt"))) {
        keys.put(line.split(" ")[0], line.split(" ")[1]);
      }
    }
    try (Fedstep fedstep = Fedstep.at(URI.create(given.get(0)));
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      RemoteModel model = fedstep.model(given.get(1));
      var running = new ArrayList<Future<?>>();
      for (String member : given.subList(6, given.size())) {
        String client = member.split("=")[0];
        int place = Integer.parseInt(member.split("=")[1]);
        Participation part = Participation.of(client).forRounds(Long.parseLong(given.get(4)));
        if (!keys.isEmpty()) {
          var others = new HashMap<>(keys);
          others.remove(client);
          String pem = Files.readString(folder.resolve(client));
          part = part.pinned(Identity.of(pem), Map.copyOf(others));
        }
        Participation its = part.securely();
        boolean isWide = given.get(2).equals("float64");
        running.add(
            threads.submit(() ->
                model.train(its, weights -> update(isWide, size, weights.version(), place))));
      }
      for (Future<?> one : running) {
        one.get();
      }
    }
  }

  /** What the client of a place learns in a round, in steps of 2^-10: as in {@code test_mixed}. */
  private static Update update(boolean isWide, int size, long round, int place) {
    double[] values = new double[size];
    float[] narrow = new float[size];
    for (int j = 0; j < size; j++) {
      values[j] = ((j * 7919L + place * 104_729L + round * 1_299_709L) % 8192 - 4096) / 1024.0;
      narrow[j] = (float) values[j];
    }
    Update update = isWide ? Update.of(values) : Update.of(narrow);
    return update.weighing(place).with("loss", 0.5 * place);
  }
}
