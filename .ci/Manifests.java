import com.google.gson.Gson;
import com.google.gson.JsonElement;
import io.kubernetes.client.openapi.JSON;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * Checks manifests against the Kubernetes API: fields that a kind does not have, that it requires,
 * and types. The classes of the API's Java client are made from its OpenAPI document.
 */
final class Manifests {
  private static final String CLASSES = "io.kubernetes.client.openapi.models.";

  private static int wrong;

  public static void main(String[] files) throws Exception {
    var yaml = new Yaml(new SafeConstructor(new LoaderOptions()));
    var json = new Gson();
    new JSON(); // knows the dates of the API's documents
    for (String file : files) {
      for (Object document : yaml.loadAll(Files.readString(Path.of(file)))) {
        check(file, json.toJsonTree(document), (Map<?, ?>) document);
      }
    }
    System.exit(wrong == 0 ? 0 : 1);
  }

  private static void check(String file, JsonElement tree, Map<?, ?> document) throws Exception {
    String version = String.valueOf(document.get("apiVersion"));
    String group = version.substring(0, Math.max(version.indexOf('/'), 0));
    String kind = String.valueOf(document.get("kind"));
    String what = "%s: %s %s".formatted(file, version, kind);
    if (group.contains(".") && !group.endsWith(".k8s.io")) {
      System.out.println(what + " is not the API's own, and was not checked");
      return;
    }
    String number = version.substring(version.indexOf('/') + 1);
    try {
      Class<?> type =
          Class.forName(
              CLASSES + Character.toUpperCase(number.charAt(0)) + number.substring(1) + kind);
      type.getMethod("validateJsonElement", JsonElement.class).invoke(null, tree);
      JSON.getGson().fromJson(tree, type);
      System.out.println(what + " is valid");
    } catch (ClassNotFoundException e) {
      wrong++;
      System.out.println(what + " is no kind of the API");
    } catch (InvocationTargetException e) {
      wrong++;
      System.out.println(what + ": " + e.getCause().getMessage());
    } catch (RuntimeException e) {
      wrong++;
      System.out.println(what + ": " + e.getMessage());
    }
  }
}
