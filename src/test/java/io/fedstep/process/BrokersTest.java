package io.fedstep.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BrokersTest {
  private static final TopicPartition NUMBERS = new TopicPartition("numbers", 0);

  @Test
  void oneBroker_hasTransactions(@TempDir Path folder) throws Exception {
    try (var brokers = Brokers.start(folder, 1)) {
      create(brokers);
      try (var producer = producer(brokers)) {
        write(producer, "one");
        producer.beginTransaction();
        producer.send(record("never")).get();
        producer.abortTransaction();
        write(producer, "two");
      }
      assertThat(committed(brokers, 2)).containsExactly("one", "two");
    }
  }

  @Test
  void threeBrokers_takeWritesWhileOneIsAway(@TempDir Path folder) throws Exception {
    try (var brokers = Brokers.start(folder, 3)) {
      create(brokers);
      try (var producer = producer(brokers)) {
        for (int broker = 0; broker < 3; broker++) {
          write(producer, "before " + broker);
          brokers.kill(broker);
          write(producer, "without " + broker);
          brokers.restart(broker);
        }
      }
      assertThat(committed(brokers, 6))
          .containsExactly(
              "before 0", "without 0", "before 1", "without 1", "before 2", "without 2");
    }
  }

  private static void create(Brokers brokers) throws Exception {
    try (var admin = Admin.create(Map.of("bootstrap.servers", brokers.bootstrap()))) {
      var topic = new NewTopic(NUMBERS.topic(), Optional.of(1), Optional.empty());
      admin.createTopics(List.of(topic)).all().get();
    }
  }

  private static KafkaProducer<String, String> producer(Brokers brokers) {
    var producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", brokers.bootstrap(), "transactional.id", "writer"),
            new StringSerializer(),
            new StringSerializer());
    producer.initTransactions();
    return producer;
  }

  private static ProducerRecord<String, String> record(String value) {
    return new ProducerRecord<>(NUMBERS.topic(), NUMBERS.partition(), "key", value);
  }

  private static void write(KafkaProducer<String, String> producer, String value) throws Exception {
    producer.beginTransaction();
    producer.send(record(value)).get();
    producer.commitTransaction();
  }

  /** The first committed values, once there are so many. */
  private static List<String> committed(Brokers brokers, int count) {
    Map<String, Object> settings =
        Map.of("bootstrap.servers", brokers.bootstrap(), "isolation.level", "read_committed");
    try (var consumer =
        new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
      consumer.assign(List.of(NUMBERS));
      consumer.seekToBeginning(List.of(NUMBERS));
      var values = new ArrayList<String>();
      long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
      while (values.size() < count && System.nanoTime() < end) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(10))) {
          values.add(record.value());
        }
      }
      return values;
    }
  }
}
