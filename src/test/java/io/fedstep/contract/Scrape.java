package io.fedstep.contract;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What Prometheus reads from a server: each sample of fedstep's own meters, and what has help. */
record Scrape(Map<String, Double> samples, Map<String, String> help) {
  private static final Pattern SAMPLE = Pattern.compile("(fedstep_[^ ]+) ([^ ]+)");
  private static final Pattern HELP = Pattern.compile("# HELP (fedstep_\\w+) (.*)");

  static Scrape of(Http http) {
    var samples = new LinkedHashMap<String, Double>();
    var help = new LinkedHashMap<String, String>();
    http.get("/actuator/prometheus")
        .is(200)
        .text()
        .lines()
        .forEach(line -> {
          Matcher sample = SAMPLE.matcher(line);
          if (sample.matches()) {
            samples.put(
                sample.group(1), Double.valueOf(sample.group(2).replace("Inf", "Infinity")));
          }
          Matcher text = HELP.matcher(line);
          if (text.matches()) {
            help.put(text.group(1), text.group(2));
          }
        });
    return new Scrape(samples, help);
  }

  /** A sample's value, 0 where there is none. */
  double value(String sample) {
    return samples.getOrDefault(sample, 0.0);
  }

  /** The names and values of the samples that carry the label of a model. */
  List<String> of(Model model) {
    String label = "model=\"%s\"".formatted(model.name());
    return samples.entrySet().stream()
        .filter(sample -> sample.getKey().contains(label))
        .map(sample -> sample.getKey().replaceFirst(label + ",?", "") + " " + sample.getValue())
        .map(sample -> sample.replaceFirst(",?[}]", "}").replace("{}", ""))
        .toList();
  }
}
